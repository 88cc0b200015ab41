"""Writes Grafana's dashboard, or checks that it has not drifted from the table of panels.

`python -m deploy.grafana.dashboard_file deploy/grafana/dashboard.json`, in the environment of the deployment's tools.
"""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import DataSourceRef

from operations.dashboard.panels import ROWS, Panel, Unit
from operations.dashboard.promql import legend_of, query_of
from txn_core.generated_file import write_or_check

UID: Final = "txn-api"
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH: Final = 8
HEIGHT: Final = 8
UNITS: Final[dict[Unit, str]] = {"a second": "ops", "seconds": "s", "bytes a second": "Bps", "count": "short"}
"""Grafana's names."""


def text() -> str:
    """The dashboard as JSON."""
    dashboard = (
        Dashboard("Card transactions")
        .uid(UID)
        .tags(["txn"])
        .refresh("30s")
        .time("now-1h", "now")
        .with_variable(DatasourceVariable("datasource").type("prometheus"))
    )
    for row in ROWS:
        dashboard = dashboard.with_row(Row(row.title))
        for panel in row.panels:
            dashboard = dashboard.with_panel(_timeseries(panel))
    return JSONEncoder(sort_keys=True, indent=1).encode(dashboard.build()) + "\n"


def main() -> None:
    """Write the file, or with `--check` say whether it has drifted."""
    write_or_check(__doc__, "is not what the table of panels says: run `make dashboard`", lambda _: text())


def _timeseries(panel: Panel) -> Timeseries:
    made = Timeseries().title(panel.title).description(panel.about).unit(UNITS[panel.unit]).min_val(0)
    made = made.datasource(SOURCE).span(WIDTH).height(HEIGHT)
    for number, line in enumerate(panel.lines):
        query = Dataquery().ref_id(chr(ord("A") + number)).datasource(SOURCE)
        made = made.with_target(query.expr(query_of(line)).legend_format(legend_of(line)))
    return made


if __name__ == "__main__":
    main()
