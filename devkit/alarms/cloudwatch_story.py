"""A story as CloudWatch would see it: the rendered properties of an alarm, evaluated period by period."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from devkit.alarms.cloudwatch_periods import State, datapoint, state_after
from devkit.alarms.metric_math import worked_out
from devkit.alarms.story import Story
from operations.alarms.alarm import MINUTE_S, When
from operations.alarms.cloudwatch_alarms import Deployment, alarm_properties, metric_of
from operations.alarms.expressions import Placeholder, series_of
from operations.alarms.prometheus_rules import RETENTION_HOURS

DEPLOYMENT: Final = Deployment(
    namespace="txn",
    values={place: place for place in get_args(Placeholder)},
    retention=lambda text: text.replace("${RetentionHours}", str(RETENTION_HOURS)),
)
SAMPLES: Final = 100
"""Requests a minute behind the value of a histogram."""


def states(story: Story) -> list[State]:
    """The state of the alarm after each period, from the properties that CloudFormation is given."""
    properties = alarm_properties(story.alarm, DEPLOYMENT)
    when = When(properties["DatapointsToAlarm"], properties["EvaluationPeriods"], _period_s(properties))
    bad: list[bool | None] = []
    found: list[State] = []
    present: State = "INSUFFICIENT_DATA"
    for period in range(story.end):
        value = _watched(properties, _recorded(story, period, when.period_s))
        bad.append(None if value is None else _is_bad(properties, value))
        present = state_after(bad, when, properties["TreatMissingData"], present)
        found.append(present)
    return found


def _recorded(story: Story, period: int, period_s: int) -> Mapping[str, list[float]]:
    """The values of a period by the identity of their metric: each minute has one, as processes report."""
    minutes = period_s // MINUTE_S
    recorded: dict[str, list[float]] = {}
    for series in series_of(story.alarm.expression):
        value = story.values(period)[series]
        copies = SAMPLES if series.statistic == "p99" else 1
        recorded[_identity(metric_of(series, DEPLOYMENT))] = [] if value is None else [value] * minutes * copies
    return recorded


def _watched(properties: Mapping[str, Any], recorded: Mapping[str, list[float]]) -> float | None:
    if "MetricName" in properties:
        statistic = properties.get("Statistic") or properties["ExtendedStatistic"]
        return datapoint(statistic, recorded[_identity(properties)])
    expression, *queries = properties["Metrics"]
    datapoints = {
        query["Id"]: datapoint(query["MetricStat"]["Stat"], recorded[_identity(query["MetricStat"]["Metric"])])
        for query in queries
    }
    return worked_out(expression["Expression"], datapoints)


def _is_bad(properties: Mapping[str, Any], value: float) -> bool:
    threshold: float = properties["Threshold"]
    return value > threshold if properties["ComparisonOperator"] == "GreaterThanThreshold" else value < threshold


def _period_s(properties: Mapping[str, Any]) -> int:
    period_s: int = (
        properties["Period"] if "Period" in properties else properties["Metrics"][1]["MetricStat"]["Period"]
    )
    return period_s


def _identity(metric: Mapping[str, Any]) -> str:
    return repr((metric["Namespace"], metric["MetricName"], metric["Dimensions"]))
