"""What an entry of the runbook holds, and from when on a figure is not as it should be, in words."""

from dataclasses import dataclass
from typing import Final

SHARE: Final = "of answers"
"""The unit of shares, 0 to 1."""
ANSWERS_LEAST: Final = 20
"""Of fewer answers within the window a share or a percentile says nothing."""


@dataclass(frozen=True, slots=True)
class RunbookEntry:
    """What one trouble looks like and what to do about it. Texts may have code in backticks.

    Attributes:
        name: of the figure, in findings, in alarms and in the page's address.
        title: for people.
        symptom: what is seen, and what it means for clients and data.
        first_look: what to look at, in order. Nothing of it changes anything.
        safe_action: what may be done then, in order. Nothing of it loses or doubles a transaction.
        stop: when to do no more, and call for whoever knows the code or owns the account.
        warning: a finding of the report above this value; None if it never only warns.
        critical: a finding that somebody has to act on now above this value; None if it is never that bad.
        unit: of the two values; empty where no figure of the report has them.
    """

    name: str
    title: str
    symptom: str
    first_look: tuple[str, ...]
    safe_action: tuple[str, ...]
    stop: str
    warning: float | None = None
    critical: float | None = None
    unit: str = ""

    @property
    def address(self) -> str:
        """Its page."""
        return f"/runbook/{self.name}"


def thresholds_of(entry: RunbookEntry) -> str:
    """From when on a figure of the report is not as it should be, in words; empty for a matter of alarms alone."""
    bounds = (("warning", entry.warning), ("critical", entry.critical))
    told = ", ".join(f"{state} above {value_of(value, entry.unit)}" for state, value in bounds if value is not None)
    return f"{told[0].upper()}{told[1:]}." if told else ""


def value_of(value: float, unit: str) -> str:
    """A value with its unit, for people."""
    return f"{value:.1%} {unit}" if unit == SHARE else f"{value:,g} {unit}".rstrip()
