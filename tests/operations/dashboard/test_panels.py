"""The panels: each says what it shows, in both renderings."""

import json
import re
from typing import Any

import pytest

from operations.dashboard.cloudwatch_dashboard import DIMENSIONS, dashboard_body
from operations.dashboard.panels import Panel, panels
from operations.dashboard.promql import legend_of, query_of

BODY_BYTES_MAX = 51_200
"""All of an inline template; the alarms stand in the same one."""


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel.title)
def test_a_panel(panel: Panel) -> None:
    assert panel.about.endswith(".")
    assert len({legend_of(line) for line in panel.lines}) == len(panel.lines), "lines are told apart"
    for line in panel.lines:
        query = query_of(line)
        assert line.metric.name in query
        assert query.count("(") == query.count(")")
        is_rate = panel.unit.endswith("a second")
        assert is_rate is (line.metric.statistic == "Sum")
        assert is_rate is ("rate(" in query and "histogram_quantile" not in query)


def test_titles_are_unique() -> None:
    assert len({panel.title for panel in panels()}) == len(panels())


def body() -> dict[str, Any]:
    text = dashboard_body(namespace="${Prefix}", region="${AWS::Region}", alarm_arns=["arn:of:one"])
    assert len(text) < BODY_BYTES_MAX / 3
    # As CloudFormation's Fn::Sub leaves it.
    made: dict[str, Any] = json.loads(text.replace("${Prefix}", "txn").replace("${!", "${"))
    return made


def test_every_panel_has_its_widget_and_none_lies_on_another() -> None:
    widgets = body()["widgets"]
    assert [each["properties"]["title"] for each in widgets if each["type"] == "metric"] == [
        panel.title for panel in panels()
    ]
    cells = [
        (x, y)
        for each in widgets
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_labels_that_are_dimensions_are_searched_for() -> None:
    """By namespace, kind of process and label; all others are shown in one line."""
    rows = [row for each in body()["widgets"] if each["type"] == "metric" for row in each["properties"]["metrics"]]
    searches = [row[0]["expression"] for row in rows if isinstance(row[0], dict) and "SEARCH" in row[0]["expression"]]
    expected = [line for panel in panels() for line in panel.lines if line.by in DIMENSIONS]
    assert len(searches) == len(expected)
    for search, line in zip(searches, expected, strict=True):
        named = rf"{{txn,service,{line.by}}} MetricName=\"{line.metric.name}\" service=\"{line.metric.service}\""
        assert re.fullmatch(rf"SEARCH\('{named}', .*60\)(/60)?", search)
    for row in rows:
        if isinstance(row[0], str):
            assert row[0] == "txn"
            assert row[2] == "service"
