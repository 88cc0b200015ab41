"""What a probe of a worker is told: while something is amiss, why."""

from collections.abc import Mapping
from typing import Final

from txn_core.aws.errors import code_of
from txn_core.readiness import Check, NotReadyError, ReadinessChecks

FAULT_CACHED_S: Final = 0.5  # who waits for a worker that starts does not wait much longer than it takes


def readiness_of(checks: Mapping[str, Check]) -> ReadinessChecks:
    """The checks of a worker, by name; a probe is told an error's code, or what is wrong in words."""
    return ReadinessChecks(checks, why, FAULT_CACHED_S)


def why(error: Exception) -> str:
    """What may be said of the error of a check that failed."""
    return str(error) if isinstance(error, NotReadyError) else code_of(error)
