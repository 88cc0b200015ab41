"""The metrics that alarms and panels name, and which of them a scrape lacks."""

from prometheus_client.parser import text_string_to_metric_families

from operations.alarms.alarm_table import ALARMS
from operations.alarms.expressions import OwnMetric, series_of
from operations.alarms.prometheus_rules import QUANTILES
from operations.dashboard.panels import panels


def watched_metrics() -> list[OwnMetric]:
    """Every metric of ours that an alarm or a panel names, once each."""
    named = [
        *(series for alarm in ALARMS for series in series_of(alarm.expression)),
        *(line.metric for panel in panels() for line in panel.lines),
    ]
    return list(dict.fromkeys(metric for metric in named if isinstance(metric, OwnMetric)))


def lacking(service: str, text: str) -> list[OwnMetric]:
    """The metrics of a kind of process that are not in a scrape of it, in Prometheus' format."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    given = {sample.name for sample in samples}
    labelled = {(sample.name, *label) for sample in samples for label in sample.labels.items()}
    return [
        metric
        for metric in watched_metrics()
        if metric.service == service
        and (
            (name := f"{metric.name}_bucket" if metric.statistic in QUANTILES else metric.name) not in given
            or (metric.label is not None and (name, *metric.label) not in labelled)
        )
    ]
