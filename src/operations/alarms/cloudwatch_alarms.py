"""The alarms as properties of CloudFormation's `AWS::CloudWatch::Alarm`, without its actions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from operations.alarms.alarm import Alarm
from operations.alarms.expressions import (
    AwsMetric,
    Expression,
    Lowest,
    OfRetention,
    OwnMetric,
    Placeholder,
    Series,
    Share,
    Total,
    series_of,
)

Json: TypeAlias = dict[str, Any]
MS_AN_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a stack puts in the place of what it alone knows; each value may be an intrinsic function.

    Attributes:
        namespace: of our own metrics.
        values: for each placeholder that the alarms of this deployment have.
        retention: gives the expression that it is handed, with `${RetentionHours}` in it replaced.
    """

    namespace: object
    values: Mapping[Placeholder, object]
    retention: Callable[[str], object]


def alarm_properties(alarm: Alarm, deployment: Deployment) -> Json:
    """What the alarm watches and how, without name, actions and tags."""
    return {
        "AlarmDescription": f"{alarm.summary} Runbook: {alarm.runbook.name}",
        "ComparisonOperator": "GreaterThanThreshold" if alarm.over else "LessThanThreshold",
        "Threshold": alarm.threshold,
        "EvaluationPeriods": alarm.when.periods,
        "DatapointsToAlarm": alarm.when.datapoints,
        "TreatMissingData": alarm.missing,
        **_watched(alarm, deployment),
    }


def math_of(expression: Expression) -> str:
    """The expression in CloudWatch's metric math, its series being m1, m2 and so on in the order of `series_of`.

    Alarms on metrics of AWS/DynamoDB ignore missing data whatever they are told, so that they would never end. A
    `Total` fills each series, which CloudWatch documents as the way around it. Without that a heartbeat would be
    late, too: CloudWatch takes older datapoints before it takes a period for missing.
    """
    names = [f"m{number}" for number, _ in enumerate(series_of(expression), 1)]
    match expression:
        case OwnMetric() | AwsMetric():
            return names[0]
        case Total():
            return _sum(names)
        case Lowest(_, places):
            left = iter(names)
            highest = (f"MAX([{','.join(islice(left, len(place)))}])" for place in places)
            return f"MIN([{','.join(highest)}])"
        case Share(part, _, least):
            upper, lower = _sum(names[: len(part.parts)]), _sum(names[len(part.parts) :])
            return f"IF({lower}>={least:g},{upper}/{lower},0)"
        case OfRetention():
            return f"{names[0]}/({MS_AN_HOUR}*${{RetentionHours}})"


def metric_of(series: Series, deployment: Deployment) -> Json:
    """Namespace, name and dimensions."""
    if isinstance(series, OwnMetric):
        dimensions: dict[str, object] = {"service": series.service}
        if series.label is not None:
            dimensions[series.label[0]] = series.label[1]
        namespace = deployment.namespace
    else:
        dimensions = {name: deployment.values[place] for name, place in series.dimensions}
        namespace = series.namespace
    return {
        "Namespace": namespace,
        "MetricName": series.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }


def _watched(alarm: Alarm, deployment: Deployment) -> Json:
    expression, period_s = alarm.expression, alarm.when.period_s
    if isinstance(expression, OwnMetric | AwsMetric):
        return {**metric_of(expression, deployment), "Period": period_s, **_statistic(expression)}
    queries: list[Json] = [
        {
            "Id": f"m{number}",
            "MetricStat": {"Metric": metric_of(series, deployment), "Period": period_s, "Stat": series.statistic},
            "ReturnData": False,
        }
        for number, series in enumerate(series_of(expression), 1)
    ]
    text = math_of(expression)
    query = deployment.retention(text) if isinstance(expression, OfRetention) else text
    return {"Metrics": [{"Id": "e1", "Expression": query}, *queries]}


def _statistic(series: Series) -> Json:
    if series.statistic in {"p50", "p99"}:
        return {"ExtendedStatistic": series.statistic, "EvaluateLowSampleCountPercentile": "ignore"}
    return {"Statistic": series.statistic}


def _sum(names: Sequence[str]) -> str:
    filled = ",".join(f"FILL({name},0)" for name in names)
    return f"SUM([{filled}])"
