"""What policies allow although no task used it while it was at work, each with the reason."""

from fnmatch import fnmatchcase
from typing import Final

REASONS: Final[dict[str, str]] = {}
"""By a pattern of `process action resource`."""


def unexplained(unused: set[str]) -> set[str]:
    """What is unused and has no reason."""
    return {one for one in unused if not any(fnmatchcase(one, pattern) for pattern in REASONS)}


def without_purpose(unused: set[str]) -> set[str]:
    """Reasons for something that was used, or that nothing allows."""
    return {pattern for pattern in REASONS if not any(fnmatchcase(one, pattern) for one in unused)}
