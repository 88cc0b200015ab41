"""One alarm of the table."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from operations.alarms.expressions import Expression
from operations.runbook.runbook_entry import RunbookEntry

Severity = Literal["page", "ticket"]
"""`page` wakes somebody; `ticket` waits for the next working day."""
Missing = Literal["notBreaching", "breaching"]
"""How a period without data counts, in CloudWatch's words."""

MINUTE_S = 60


class When(NamedTuple):
    """How many of the latest periods have to be bad.

    Attributes:
        datapoints: periods that have to be bad.
        periods: the latest periods that are looked at; one where a period is longer than a minute.
        period_s: the length of a period, which gives one number.
    """

    datapoints: int
    periods: int
    period_s: int = MINUTE_S

    def __str__(self) -> str:
        minutes = self.period_s // MINUTE_S
        return f"within {minutes} minutes" if self.periods == 1 else f"in {self.datapoints} of {self.periods} minutes"


def minutes(datapoints: int, *, of: int | None = None) -> When:
    """So many minutes in a row, or of some more."""
    return When(datapoints, datapoints if of is None else of)


def within(count: int) -> When:
    """One number for so many minutes."""
    return When(1, 1, count * MINUTE_S)


@dataclass(frozen=True, slots=True)
class Alarm:
    """When somebody is told, and what they read then.

    Attributes:
        name: unique, in snake_case. CloudWatch has it behind the prefix with hyphens, Prometheus in CamelCase.
        runbook: what the alarm's message leads to.
        summary: one sentence for the message.
        services: the kinds of process without which the alarm has no meaning: deploy it if one of them is deployed.
            Empty: always. `front` stands for the network balancer, `certificate` for a balancer that has one,
            `function-index` and `function-files` for functions of Lambda.
        over: whether values above the threshold are bad, or values below it.
    """

    name: str
    severity: Severity
    runbook: RunbookEntry
    summary: str
    expression: Expression
    threshold: float
    when: When
    services: tuple[str, ...] = ()
    over: bool = True
    missing: Missing = "notBreaching"

    def is_bad(self, value: float) -> bool:
        """Whether the number of a period counts towards the alarm."""
        return value > self.threshold if self.over else value < self.threshold


def condition_of(alarm: Alarm) -> str:
    """From when on the alarm fires, in words."""
    return f"{'above' if alarm.over else 'below'} {alarm.threshold:g}, {alarm.when}"
