"""How far the warehouse of a local stack is: in a line for people, and as values for machines."""

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from txn_cli.status.process import WarehouseStatus


def warehouse_line(warehouse: WarehouseStatus, now: datetime) -> Text:
    """The last run, how far behind the lake the tables are, and the error of a run that failed."""
    ready = warehouse.ready
    state = Text("ready", "green") if ready.ready else Text(ready.why or "not ready", "red")
    return Text("  ").join((Text("warehouse"), state, Text("; ".join(_parts(warehouse, now)))))


def warehouse_document(warehouse: WarehouseStatus) -> dict[str, object]:
    """The same as JSON values; None for what is not known."""
    figure, last_at, built_at = warehouse.figures.get, warehouse.at("last_run"), warehouse.at("built")
    return {
        "ready": warehouse.ready.ready,
        "why": warehouse.ready.why or None,
        "running": bool(figure("running")),
        "last_run": None
        if last_at is None
        else {
            "at": last_at.isoformat(),
            "seconds": figure("last_run_seconds"),
            "rows": figure("last_run_rows"),
            "failed": bool(figure("failures_in_a_row")),
        },
        "holds_lake_until": None if built_at is None else built_at.isoformat(),
        "objects_waiting": figure("objects_waiting"),
        "behind_s": None if (behind := figure("behind_seconds")) is None else round(behind, 3),
        "failures_in_a_row": figure("failures_in_a_row"),
        "counts": {name: count for name, count in warehouse.figures.items() if name.startswith("runs_")},
    }


def _parts(warehouse: WarehouseStatus, now: datetime) -> Iterator[str]:
    figures = warehouse.figures
    if (last_at := warehouse.at("last_run")) is not None:
        failures = int(figures["failures_in_a_row"])
        what = (
            f"failed, {failures:,} in a row"
            if failures
            else f"{_loaded(figures['last_run_rows'])} {figures['last_run_seconds']:.1f} s"
        )
        yield f"last run {_ago(last_at, now)}: {what}"
    if figures.get("running"):
        yield "a run is under way"
    if waiting := int(figures.get("objects_waiting", 0)):
        objects = "object" if waiting == 1 else "objects"
        yield f"behind the lake by {waiting:,} {objects} for {figures['behind_seconds']:.0f} s"
    elif (built_at := warehouse.at("built")) is not None:
        looked_at = warehouse.at("looked") or built_at
        yield f"holds all of the lake as of {_ago(max(built_at, looked_at), now)}"


def _loaded(rows: float) -> str:
    return f"{rows:,.0f} rows in" if rows else "no new rows,"


def _ago(moment: datetime, now: datetime) -> str:
    return f"{max(0.0, (now - moment).total_seconds()):.0f} s ago"
