"""The dashboard as the body of CloudFormation's `AWS::CloudWatch::Dashboard`."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from operations.dashboard.panels import ROWS, Line, Panel, Unit

DIMENSIONS: Final = frozenset({"reason", "status", "outcome", "code", "decision", "kind"})
"""The labels that are dimensions in CloudWatch beside the kind of process (docs/telemetry.md)."""
WIDTH: Final = 8
HEIGHT: Final = 6
COLUMNS: Final = 24 // WIDTH
ALARMS_HEIGHT: Final = 6
PERIOD_S: Final = 60

_LABELS: Final[dict[Unit, str]] = {
    "a second": "a second",
    "seconds": "s",
    "bytes a second": "bytes a second",
    "count": "",
}


def dashboard_body(*, namespace: str, region: str, alarm_arns: Sequence[str]) -> str:
    """The body as compact JSON; the texts may hold `${...}`, for CloudFormation's `Fn::Sub`."""
    widgets: list[dict[str, Any]] = [
        {
            "type": "alarm",
            **_place(0, 0, 24, ALARMS_HEIGHT),
            "properties": {"title": "Alarms", "alarms": list(alarm_arns)},
        }
    ]
    y = ALARMS_HEIGHT
    for row in ROWS:
        widgets.append({"type": "text", **_place(0, y, 24, 1), "properties": {"markdown": f"## {row.title}"}})
        y += 1
        for number, panel in enumerate(row.panels):
            place = _place(WIDTH * (number % COLUMNS), y + HEIGHT * (number // COLUMNS), WIDTH, HEIGHT)
            widgets.append({"type": "metric", **place, "properties": _properties(panel, namespace, region)})
        y += HEIGHT * -(-len(row.panels) // COLUMNS)
    return json.dumps({"widgets": widgets}, separators=(",", ":"))


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "width": width, "height": height}


def _properties(panel: Panel, namespace: str, region: str) -> dict[str, Any]:
    metrics = [row for number, line in enumerate(panel.lines) for row in _metrics(line, number, namespace)]
    return {
        "title": panel.title,
        "region": region,
        "view": "timeSeries",
        "period": PERIOD_S,
        "yAxis": {"left": {"label": _LABELS[panel.unit], "showUnits": False, "min": 0}},
        "metrics": metrics,
    }


def _metrics(line: Line, number: int, namespace: str) -> Iterator[list[Any]]:
    metric = line.metric
    is_rate = metric.statistic == "Sum"
    if line.by in DIMENSIONS:
        what = f'{{{namespace},service,{line.by}}} MetricName="{metric.name}" service="{metric.service}"'
        search = f"SEARCH('{what}', '{metric.statistic}', {PERIOD_S})"
        label = f"{line.legend} ${{PROP('Dim.{line.by}')}}".strip()
        yield [{"expression": f"{search}/{PERIOD_S}" if is_rate else search, "label": _kept(label)}]
        return
    name = f"m{number}"
    dimensions = [part for pair in (("service", metric.service), *filter(None, (metric.label,))) for part in pair]
    shown: dict[str, Any] = {"id": name, "stat": metric.statistic, "label": line.legend or metric.name}
    if is_rate:
        yield [{"expression": f"{name}/{PERIOD_S}", "label": shown["label"]}]
        shown["visible"] = False
    yield [namespace, metric.name, *dimensions, shown]


def _kept(text: str) -> str:
    """A text whose `${...}` is CloudWatch's own, so that `Fn::Sub` leaves it alone."""
    return text.replace("${", "${!")
