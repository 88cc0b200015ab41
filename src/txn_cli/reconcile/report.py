"""What a reconciliation found, for people and for machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from txn_cli.reconcile.comparison import Comparison, MinuteSums
from txn_cli.reconcile.faults import Fault
from txn_cli.reconcile.views import REFERENCE
from workers.leases.ledger import Minute

SHOWN_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Report:
    """The comparisons of each shard, one a view, and all that is missing or doubled.

    `views` are the names of all that were compared, `by_ledger_alone` those of views without evidence.
    """

    since: Minute
    views: tuple[str, ...]
    by_ledger_alone: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    faults: tuple[Fault, ...]
    deep: bool

    @property
    def all_right(self) -> bool:
        """Whether nothing differs and nothing is wrong, in the minutes that could be compared."""
        return not self.faults and not any(comparison.differing for comparison in self.comparisons)

    def document(self) -> dict[str, object]:
        """The report as JSON values. A shard has an object a view, whose counts stand under the view's name."""
        document: dict[str, object] = {
            "all_right": self.all_right,
            "since": f"{self.since}Z",
            "deep": self.deep,
            "shards": [_shard(comparison) for comparison in self.comparisons],
            "faults": [fault.document() for fault in self.faults],
        }
        return document | ({"by_ledger_alone": self.by_ledger_alone} if self.by_ledger_alone else {})


def show_report(report: Report, console: Console) -> None:
    """The report for people: a line a shard and the minutes that differ, both a view, each fault, and the upshot."""
    for view in report.views:
        comparisons = [comparison for comparison in report.comparisons if comparison.view == view]
        console.print(_shards_table(view, comparisons))
        if any(comparison.differing for comparison in comparisons):
            console.print(_differing_table(view, comparisons))
    if report.faults:
        console.print(_faults_table(report))
    if len(report.faults) > SHOWN_MAX:
        console.print(f"{len(report.faults) - SHOWN_MAX:,} more are in the output of --json")
    if any(comparison.unfinished for comparison in report.comparisons):
        console.print("Unfinished minutes were skipped: one of both workers has not done all of them yet")
    if any(comparison.unknown for comparison in report.comparisons):
        console.print("Unknown minutes were skipped: a ledger began after them")
    for view in report.by_ledger_alone:
        console.print(f"The {view} was compared by its ledger alone: nothing of what it holds was read again")
    console.print(
        Text("All compared minutes agree") if report.all_right else Text("The views are not the same", style="red")
    )


def _shard(comparison: Comparison) -> dict[str, object]:
    return {
        "shard_id": comparison.shard_id,
        "agreeing": len(comparison.agreeing),
        "differing": [{"minute": sums.minute, **_counts(comparison, sums)} for sums in comparison.differing],
        "unfinished": list(comparison.unfinished),
        "unknown": list(comparison.unknown),
        "positions": _counts(comparison, *comparison.compared),
    }


def _counts(comparison: Comparison, *sums: MinuteSums) -> dict[str, int]:
    """The positions of some minutes by the names of the two drains."""
    return {
        comparison.view: sum(each.view.count for each in sums),
        REFERENCE: sum(each.reference.count for each in sums),
    }


def _shards_table(view: str, comparisons: Sequence[Comparison]) -> Table:
    shown = Table(box=None, pad_edge=False)
    shown.add_column("shard")
    for name in ("agreeing", "differing", "unfinished", "unknown", _done_by(view), _done_by(REFERENCE)):
        shown.add_column(name, justify="right")
    for comparison in comparisons:
        minutes = (comparison.agreeing, comparison.differing, comparison.unfinished, comparison.unknown)
        counts = _counts(comparison, *comparison.compared).values()
        shown.add_row(_short(comparison), *(f"{number:,}" for number in [*map(len, minutes), *counts]))
    return shown


def _differing_table(view: str, comparisons: Sequence[Comparison]) -> Table:
    shown = Table(title="Minutes that differ", title_justify="left", box=None, pad_edge=False)
    for name in ("shard", "minute (UTC)"):
        shown.add_column(name)
    for drain in (view, REFERENCE):
        shown.add_column(_done_by(drain), justify="right")
    rows = [(comparison, sums) for comparison in comparisons for sums in comparison.differing]
    for comparison, sums in rows[:SHOWN_MAX]:
        shown.add_row(
            _short(comparison), sums.minute, *(f"{count:,}" for count in _counts(comparison, sums).values())
        )
    return shown


def _done_by(drain: str) -> str:
    """What a drain has done with a position, by the drain's name: index, indexed."""
    return f"{drain}d" if drain.endswith("e") else f"{drain}ed"


def _short(comparison: Comparison) -> str:
    return comparison.shard_id.removeprefix("shardId-")


def _faults_table(report: Report) -> Table:
    shown = Table(title="Faults", title_justify="left", box=None, pad_edge=False)
    for name in ("what", "shard", "sequence number", "sub", "transaction"):
        shown.add_column(name, overflow="fold")
    for fault in report.faults[:SHOWN_MAX]:
        where = fault.position
        place = (
            (f"minute {fault.minute}: {fault.why}", "")
            if where is None
            else (where.sequence_number, str(where.sub_sequence_number))
        )
        shard = fault.shard_id.removeprefix("shardId-")
        shown.add_row(fault.kind.replace("_", " "), shard, *place, fault.transaction_id or "")
    return shown
