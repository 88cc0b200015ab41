"""With which code each command ends: one table, shown by `txn --help` and in docs/operations.md.

Commands that do something end with 1 when they fail. For those that compare or look, 1 is an answer: they found what
should not be. So a script tells a finding from a comparison that never took place.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from txn_core.exceptions import TxnError


class UnsettledError(TxnError):
    """A command ended while the outcome of something that it had begun is unknown."""


class Outcome(Enum):
    """How a command can end; the value says it to people."""

    DONE = "done; of a command that compares: all is right"
    FINDING = "a finding: something differs, lacks, or is not drained yet"
    FAILED = "failed, in one line that says why and what to do"
    USAGE = "the command line is wrong"
    REJECTED = "some or all rows were rejected, more than --max-rejects"
    UNSETTLED = "the outcome of some rows is unknown: run the same command again"
    INTERRUPTED = "interrupted (Ctrl-C)"


ACTING: Final[Mapping[Outcome, int]] = {
    Outcome.DONE: 0,
    Outcome.FAILED: 1,
    Outcome.USAGE: 2,
    Outcome.INTERRUPTED: 130,  # 128 + SIGINT, as of a shell
}
CHECKING: Final[Mapping[Outcome, int]] = {**ACTING, Outcome.FINDING: 1, Outcome.FAILED: 2}
LOADING: Final[Mapping[Outcome, int]] = {**ACTING, Outcome.REJECTED: 3, Outcome.UNSETTLED: 4}

FAMILIES: Final[Mapping[str, Mapping[Outcome, int]]] = {
    **dict.fromkeys(("load", "ingest file", "labels load"), LOADING),
    **dict.fromkeys(("verify", "reconcile", "status", "generations compare", "dead-letters replay"), CHECKING),
    **dict.fromkeys(("warehouse check", "features verify", "shards plan"), CHECKING),
    **dict.fromkeys(("up", "demo", "simulate", "api", "insight", "worker", "bootstrap", "generations drop"), ACTING),
    **dict.fromkeys(
        (
            "health",
            "keys create",
            "keys revoke",
            "keys export",
            "keys import",
            "dead-letters list",
            "dead-letters show",
        ),
        ACTING,
    ),
    **dict.fromkeys(("train", "backtest", "models list", "models activate", "models rollback"), ACTING),
    **dict.fromkeys(("models compare", "models sign", "rules test", "rules activate", "rules list"), ACTING),
    **dict.fromkeys(("leases reset", "ingest status", "sql", "cost"), ACTING),
    **dict.fromkeys(("lake hours", "lake curate", "lake compact", "lake files"), ACTING),
    **dict.fromkeys((f"warehouse {name}" for name in ("install", "run", "watch", "load", "build", "docs")), ACTING),
}
"""The codes of each command, by its words."""


def code_of_failure(command: str, error: TxnError) -> int:
    """The code with which a command ends that raised an error of ours."""
    codes = FAMILIES.get(command, ACTING)  # of a command that does not exist those of all that do something
    unsettled = isinstance(error, UnsettledError) and Outcome.UNSETTLED in codes
    return codes[Outcome.UNSETTLED if unsettled else Outcome.FAILED]


def table() -> list[str]:
    """The table in lines, as the help shows it."""
    checking = ", ".join(command for command, codes in FAMILIES.items() if codes is CHECKING)
    return [
        "Exit codes:",
        f"0 {Outcome.DONE.value}.",
        f"1 {Outcome.FAILED.value}; of {checking}: {Outcome.FINDING.value}.",
        f"2 {Outcome.USAGE.value}, or one of these failed.",
        f"3 load, ingest, labels load: {Outcome.REJECTED.value}.",
        f"4 load, ingest, labels load: {Outcome.UNSETTLED.value}.",
        f"130 {Outcome.INTERRUPTED.value}.",
    ]
