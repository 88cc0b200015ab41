"""Made series for an alarm: what its metrics say while all is well, while it is not, and afterwards.

A story is told in periods of the alarm. Both judges get the same one: Prometheus' rules as samples, CloudWatch's
alarms as the values of each minute.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from operations.alarms.alarm import MINUTE_S, Alarm
from operations.alarms.expressions import AwsMetric, Lowest, OfRetention, OwnMetric, Series, Share, Total
from operations.alarms.prometheus_rules import RETENTION_HOURS

ANSWERS: Final = 1_000.0
"""Answers a minute in stories about shares."""
FEW_ANSWERS: Final = 12.0
LEAD: Final = 2
"""Periods before the trouble."""

Values = Mapping[Series, float | None]
"""What each series says in a minute: the increase of a counter, the value of a gauge, the seconds of all requests of
a histogram, the samples of a heartbeat. None: nothing."""


@dataclass(frozen=True, slots=True)
class Story:
    """Some periods of quiet, some of trouble, some of quiet again.

    Attributes:
        trouble: periods of it.
        after: periods behind it, after which the alarm has to be over.
        fires: whether the alarm has to fire at the end of the trouble; if not, never.
    """

    name: str
    alarm: Alarm
    quiet_values: Values
    bad_values: Values
    trouble: int
    after: int
    fires: bool

    def values(self, period: int) -> Values:
        """What the series say in each minute of a period, counted from 0."""
        return self.bad_values if LEAD <= period < LEAD + self.trouble else self.quiet_values

    @property
    def end(self) -> int:
        """How many periods there are before the alarm has to be over."""
        return LEAD + self.trouble + self.after


def stories_of(alarm: Alarm) -> Iterator[Story]:
    """It fires and is over; trouble that is shorter than it has to be says nothing; nor does a share of few."""
    quiet, bad, when = _values(alarm, bad=False), _values(alarm, bad=True), alarm.when
    yield Story("fires", alarm, quiet, bad, when.datapoints + 1, when.periods + 1, fires=True)
    if when.datapoints > 1:
        yield Story("brief", alarm, quiet, bad, when.datapoints - 1, when.periods, fires=False)
    if isinstance(alarm.expression, Share):
        few = {series: FEW_ANSWERS if value == ANSWERS else value and FEW_ANSWERS for series, value in bad.items()}
        yield Story("few", alarm, few, few, when.datapoints + 1, when.periods, fires=False)


def _values(alarm: Alarm, *, bad: bool) -> dict[Series, float | None]:
    """Values that are just not bad, where that needs no arithmetic, or that are.

    Of series that are added up, the first alone says anything: the others belong to processes that do not run.
    """
    expression = alarm.expression
    match expression:
        case OwnMetric() | AwsMetric():
            return {expression: _value(alarm, expression, bad=bad)}
        case Total(parts):
            return dict.fromkeys(parts) | {parts[0]: _value(alarm, parts[0], bad=bad)}
        case Lowest(_, places):
            # In each place, one group of targets waits for the next deployment and is empty.
            values: dict[Series, float | None] = {place[0]: alarm.threshold for place in places}
            values |= {place[1]: 0.0 for place in places}
            return values | ({places[1][0]: alarm.threshold - 1} if bad else {})
        case OfRetention(age_ms):
            retention_ms = alarm.threshold * RETENTION_HOURS * 60 * MINUTE_S * 1_000
            return {age_ms: 1.5 * retention_ms if bad else retention_ms}
        case Share(part, whole):
            share = alarm.threshold * (3 if bad else 0.5)
            return dict.fromkeys(part.parts) | {part.parts[0]: ANSWERS * share} | dict.fromkeys(whole.parts, ANSWERS)


def _value(alarm: Alarm, series: Series, *, bad: bool) -> float | None:
    if series.statistic == "SampleCount":
        return None if bad else 1.0
    if series.statistic == "Sum":
        return alarm.threshold + 1 if bad else 0.0
    if series.statistic == "p99":
        return 2 * alarm.threshold if bad else alarm.threshold / 2
    return alarm.threshold + ((1 if alarm.over else -1) if bad else 0)
