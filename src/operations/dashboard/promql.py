"""The lines of the panels as PromQL, and how Grafana calls what they give."""

from operations.alarms.prometheus_rules import QUANTILES, quantile, selector
from operations.dashboard.panels import Line

WINDOW = "2m"
"""Long enough for a scrape a minute, short enough to see a minute's trouble."""


def query_of(line: Line) -> str:
    """The query of a line: one series, or one for each value of its label."""
    by = f" by ({line.by})" if line.by else ""
    metric = line.metric
    if metric.statistic == "Sum":
        return f"sum{by} (rate({selector(metric)}[{WINDOW}]))"
    if metric.statistic in QUANTILES:
        return quantile(metric, f"[{WINDOW}]")
    return f"max{by} ({selector(metric)})"


def legend_of(line: Line) -> str:
    """The legend as Grafana fills it in."""
    return f"{line.legend} {{{{{line.by}}}}}".strip() if line.by else line.legend
