"""The alarms as Prometheus' alerting rules.

Windows are as long as CloudWatch's periods, so processes are to be scraped every 30 s or more often. Metrics of AWS'
own come by the CloudWatch exporter, whose samples are gauges of the last period.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from operations.alarms.alarm import MINUTE_S, Alarm, condition_of
from operations.alarms.cloudwatch_alarms import MS_AN_HOUR
from operations.alarms.expressions import (
    AwsMetric,
    Expression,
    Lowest,
    OfRetention,
    OwnMetric,
    Placeholder,
    Series,
    Share,
    Statistic,
    Total,
    series_of,
)

RETENTION_HOURS: Final = 168
"""The default of the deployment; rules know no parameters."""
NAMES: Final[Mapping[Placeholder, str]] = {
    "Stream": "txn-transactions",
    "IndexLeases": "txn-index-leases",
    "ArchiveLeases": "txn-archive-leases",
    "ScoreLeases": "txn-score-leases",
    "IndexFunction": "txn-index",
    "FilesFunction": "txn-files",
}
"""Of a deployment with the default prefix. What is not here needs no label: the exporter is told what to get."""
_AGGREGATIONS: Final[Mapping[Statistic, str]] = {"Sum": "sum", "Maximum": "max", "Minimum": "min"}
QUANTILES: Final[Mapping[Statistic, float]] = {"p50": 0.5, "p99": 0.99}
_SHARED_NAMES: Final = {"api": "txn-api"}
"""Kinds of process whose metrics have names that other kinds use, too, and the label `job` that tells them apart."""


def rule_of(alarm: Alarm) -> dict[str, Any]:
    """One rule. What has to be bad for some minutes in a row has a `for`; some of some minutes are counted."""
    when, side = alarm.when, ">" if alarm.over else "<"
    text = promql_of(alarm.expression, when.period_s)
    if when.datapoints == when.periods:
        expression, lasts = f"{text} {side} {alarm.threshold:g}", when.periods if when.periods > 1 else 0
    else:
        bad = f"({text} {side} bool {alarm.threshold:g})"
        expression, lasts = f"sum_over_time({bad}[{when.periods}m:1m]) >= {when.datapoints}", 0
    for series in series_of(alarm.expression):
        if isinstance(series, OwnMetric) and series.statistic == "SampleCount":
            # A kind of process that a system has not had lately is not missed.
            expression += f" and on () count(present_over_time({selector(series)}[1d]))"
    return {
        "alert": alert_of(alarm),
        "expr": expression,
        **({"for": f"{lasts}m"} if lasts else {}),
        "labels": {"severity": alarm.severity},
        "annotations": {
            "summary": alarm.summary,
            "description": f"{alarm.name} is {condition_of(alarm)}.",
            "runbook": alarm.runbook.address,
        },
    }


def alert_of(alarm: Alarm) -> str:
    """The name of its rule."""
    return "Txn" + "".join(part.capitalize() for part in alarm.name.split("_"))


def promql_of(expression: Expression, period_s: int) -> str:
    """The expression in PromQL, in parentheses where it is more than a call."""
    match expression:
        case OwnMetric() | AwsMetric():
            return _value(expression, period_s)
        case Total(parts):
            return _total(parts, period_s)
        case Lowest(dimension, ((AwsMetric() as first, *_), *_)):
            return f"min(max by ({label_of(dimension)}) ({exported_name(first)}))"
        case Lowest():
            raise NotImplementedError("places are known of metrics of AWS alone")
        case Share(part, whole, least):
            upper, lower = _total(part.parts, period_s), _total(whole.parts, period_s)
            return f"({upper} / {lower} and {lower} >= {least:g})"
        case OfRetention(age_ms):
            return f"{_value(age_ms, period_s)} / ({MS_AN_HOUR} * {RETENTION_HOURS})"


def exported_name(metric: AwsMetric) -> str:
    """How the CloudWatch exporter names a metric."""
    return _safe(f"{metric.namespace.lower()}_{_snake(metric.name)}_{metric.statistic.lower()}")


def label_of(dimension: str) -> str:
    """How the exporter names a dimension."""
    return _snake(dimension)


def exported_metrics(alarms: Sequence[Alarm]) -> list[dict[str, Any]]:
    """What the CloudWatch exporter has to get, for its configuration."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for alarm in alarms:
        for series in series_of(alarm.expression):
            if isinstance(series, AwsMetric):
                found[series.namespace, series.name] = {
                    "aws_namespace": series.namespace,
                    "aws_metric_name": series.name,
                    "aws_dimensions": [name for name, _ in series.dimensions],
                    "aws_statistics": [series.statistic],
                    # What comes once a day is looked for as far back.
                    **({"range_seconds": 86_400} if alarm.when.period_s == 86_400 else {}),
                }
    return list(found.values())


def selector(metric: OwnMetric, suffix: str = "", values: Sequence[str] = ()) -> str:
    """The series of a metric of ours; `values` stand for the value of its label."""
    labels = []
    if metric.service in _SHARED_NAMES:
        labels.append(f'job="{_SHARED_NAMES[metric.service]}"')
    if metric.label is not None:
        name, value = metric.label
        labels.append(f'{name}=~"{"|".join(values)}"' if len(values) > 1 else f'{name}="{value}"')
    return f"{metric.name}{suffix}" + (f"{{{','.join(labels)}}}" if labels else "")


def quantile(metric: OwnMetric, window: str) -> str:
    """The quantile that is a histogram's statistic, over a window such as `[2m]`."""
    buckets = f"sum by (le) (rate({selector(metric, '_bucket')}{window}))"
    return f"histogram_quantile({QUANTILES[metric.statistic]:g}, {buckets})"


def _value(series: Series, period_s: int, values: Sequence[str] = ()) -> str:
    """One number of a series now, over its last period."""
    window = f"[{period_s // MINUTE_S}m]"
    if isinstance(series, AwsMetric):
        labels = ",".join(f'{label_of(name)}="{NAMES[place]}"' for name, place in series.dimensions if place in NAMES)
        text = exported_name(series) + (f"{{{labels}}}" if labels else "")
        if series.statistic == "Sum" and period_s > MINUTE_S:
            text = f"max_over_time({text}{window})"
        return f"{_AGGREGATIONS[series.statistic]}({text})"
    if series.statistic == "Sum":
        return f"sum(increase({selector(series, values=values)}{window}))"
    if series.statistic == "SampleCount":
        return f"(count({selector(series)}) or vector(0))"
    if series.statistic in QUANTILES:
        return quantile(series, window)
    return f"{_AGGREGATIONS[series.statistic]}({selector(series)})"


def _total(parts: Sequence[Series], period_s: int) -> str:
    texts = list(_summands(parts, period_s))
    return texts[0] if len(texts) == 1 else "(" + " + ".join(f"({text} or vector(0))" for text in texts) + ")"


def _summands(parts: Sequence[Series], period_s: int) -> Iterator[str]:
    """The parts, those that differ by the value of a label alone in one."""
    values: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        if isinstance(part, OwnMetric) and part.label is not None:
            values.setdefault((part.name, part.service), []).append(part.label[1])
    told = set()
    for part in parts:
        key = (part.name, part.service) if isinstance(part, OwnMetric) else None
        if key in told:
            continue
        if key in values:
            told.add(key)
        yield _value(part, period_s, values.get(key, ()) if key is not None else ())


def _snake(name: str) -> str:
    return _safe(re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower())


def _safe(name: str) -> str:
    return re.sub(r"__+", "_", re.sub(r"[^a-zA-Z0-9:_]", "_", name))
