"""How far the warehouse is, as `txn status` tells it to people and machines."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from prometheus_client import generate_latest

from tests.txn_cli.status.test_status_table import console, printed
from txn_cli.status.drain import Status
from txn_cli.status.process import UNREACHABLE, ProcessReadiness, WarehouseStatus, parse_gauges, warehouse_says
from txn_cli.status.status_report import document
from txn_cli.status.status_table import show_status
from txn_cli.warehouse_watch.watch_metrics import WatchMetrics

START_S = 1_800_000_000.0


def figures_of(*steps: Callable[[WatchMetrics], object]) -> dict[str, float]:
    """The figures after some steps, 10 seconds apart."""
    now = START_S
    metrics = WatchMetrics(lambda: now)
    for step in steps:
        step(metrics)
        now += 10
    return parse_gauges("warehouse", generate_latest(metrics.registry).decode())


def looked(waiting: int) -> Callable[[WatchMetrics], object]:
    return lambda metrics: metrics.looked(waiting)


def ran(*, rows: int = 5_000, failures: int = 0) -> Callable[[WatchMetrics], object]:
    return lambda metrics: metrics.ended(START_S, rows=rows, built=rows > 0, failures=failures)


def began(metrics: WatchMetrics) -> None:
    metrics.began()


def caught_up(metrics: WatchMetrics) -> None:
    metrics.caught_up()


def shown(figures: dict[str, float], why: str = "", *, after_s: float = 40) -> tuple[str, Any]:
    warehouse = WarehouseStatus(ProcessReadiness(not why, why), figures)
    at = datetime.fromtimestamp(START_S + after_s, UTC)
    status, on = Status(at, (), warehouse=warehouse), console()
    show_status(status, on)
    (line,) = [line for line in printed(on).splitlines() if line.startswith("warehouse ")]
    return line, document(status)["warehouse"]


def test_a_run_that_found_nothing_new_is_told_in_words() -> None:
    """After a start of the stack the first run has nothing to do."""
    line, told = shown(figures_of(looked(3), began, caught_up, ran(rows=0)))
    assert "last run 10 s ago: no new rows, 30.0 s; holds all" in line
    assert told["last_run"]["rows"] == 0


def test_a_warehouse_that_has_all_of_the_lake() -> None:
    line, told = shown(figures_of(looked(3), began, caught_up, ran()))
    assert line == ("warehouse  ready  last run 10 s ago: 5,000 rows in 30.0 s; holds all of the lake as of 40 s ago")
    assert told["last_run"] == {
        "at": "2027-01-15T08:00:30+00:00",
        "seconds": 30,
        "rows": 5_000,
        "failed": False,
    }
    assert (told["objects_waiting"], told["behind_s"], told["running"]) == (0, 0, False)


def test_a_warehouse_whose_run_failed_says_why_and_how_far_it_is_behind() -> None:
    line, told = shown(figures_of(looked(3), began, ran(failures=2)), "last_run: the model a failed")
    assert line == (
        "warehouse  last_run: the model a failed  last run 20 s ago: failed, 2 in a row; "
        "behind the lake by 3 objects for 30 s"
    )
    assert (told["why"], told["last_run"]["failed"], told["behind_s"]) == ("last_run: the model a failed", True, 30)
    assert told["holds_lake_until"] is None


def test_a_warehouse_with_a_run_under_way_and_one_that_saw_nothing_yet() -> None:
    line, _ = shown(figures_of(looked(1), began))
    assert line == "warehouse  ready  a run is under way; behind the lake by 1 object for 20 s"
    line, told = shown(figures_of(), "last_run: nothing was looked at yet")
    assert line.rstrip() == "warehouse  last_run: nothing was looked at yet"
    assert told["last_run"] is None


async def test_a_warehouse_that_does_not_answer() -> None:
    found = await warehouse_says("http://127.0.0.1:1")
    assert found == WarehouseStatus(ProcessReadiness(ready=False, why=UNREACHABLE), {})
    line, told = shown(found.figures, found.ready.why)
    assert line.rstrip() == f"warehouse  {UNREACHABLE}"
    assert (told["ready"], told["objects_waiting"], told["behind_s"]) == (False, None, None)
