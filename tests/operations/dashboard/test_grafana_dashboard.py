"""Grafana's dashboard, as committed: the table of panels, none less and none else.

The SDK that types it is a tool of the deployment alone: `make check-deploy` compares the whole file by it.
"""

import json
from pathlib import Path
from typing import Any, Final

from operations.dashboard.panels import panels
from operations.dashboard.promql import legend_of, query_of

FILE: Final = Path(__file__).parents[3] / "deploy" / "grafana" / "dashboard.json"


def drawn() -> list[dict[str, Any]]:
    """The panels that are no rows."""
    return [panel for panel in json.loads(FILE.read_text())["panels"] if panel["type"] != "row"]


def test_it_shows_the_table_of_panels() -> None:
    assert [panel["title"] for panel in drawn()] == [panel.title for panel in panels()]
    for found, panel in zip(drawn(), panels(), strict=True):
        assert found["description"] == panel.about
        told = [(target["expr"], target["legendFormat"]) for target in found["targets"]]
        assert told == [(query_of(line), legend_of(line)) for line in panel.lines]
        assert len({target["refId"] for target in found["targets"]}) == len(told)


def test_it_asks_the_source_that_its_reader_chooses() -> None:
    (variable,) = json.loads(FILE.read_text())["templating"]["list"]
    assert (variable["name"], variable["query"]) == ("datasource", "prometheus")
    for panel in drawn():
        assert {panel["datasource"]["uid"], *(each["datasource"]["uid"] for each in panel["targets"])} == {
            "${datasource}"
        }
