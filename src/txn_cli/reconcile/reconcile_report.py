"""What a reconciliation found, for people and for machines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from operations.ledgers.comparison import Comparison, MinuteSums
from txn_cli.reconcile.faults import Fault
from txn_cli.reconcile.views import REFERENCE
from txn_core.positions import ShardId
from workers.leases.ledger import Minute

if TYPE_CHECKING:
    from txn_cli.reconcile.warehouse_totals import Total

SHOWN_MAX: Final = 50
_DONE: Final = {"landing": "landed"}
_table: Final = partial(Table, title_justify="left", box=None, pad_edge=False)


@dataclass(frozen=True, slots=True)
class Report:
    """The comparisons of each shard, one a view, and all that is missing or doubled.

    `views` are the names of all that were compared, `by_ledger_alone` those of views without evidence, `totals`
    those of a warehouse. Of the drains that a system may go without, `never_ran` were not compared; `off` have run,
    but do not run now.
    """

    since: Minute
    views: tuple[str, ...]
    by_ledger_alone: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    faults: tuple[Fault, ...]
    deep: bool
    totals: "tuple[Total, ...]" = ()
    never_ran: tuple[str, ...] = ()
    off: tuple[str, ...] = ()

    @property
    def all_right(self) -> bool:
        """Whether nothing is wrong, nothing differs in the minutes that could be compared, and totals are equal."""
        differing = any(comparison.differing for comparison in self.comparisons)
        return not self.faults and not differing and all(total.equal for total in self.totals)

    def document(self) -> dict[str, object]:
        """The report as JSON values. A shard has an object a view, whose counts stand under the view's name."""
        document: dict[str, object] = {
            "all_right": self.all_right,
            "since": f"{self.since}Z",
            "deep": self.deep,
            "shards": [_shard(comparison) for comparison in self.comparisons],
            "faults": [fault.document() for fault in self.faults],
        }
        if self.totals:
            document["totals"] = [total.document() for total in self.totals]
        named = {"by_ledger_alone": self.by_ledger_alone, "never_ran": self.never_ran, "off": self.off}
        return document | {name: drains for name, drains in named.items() if drains}


def show_report(report: Report, console: Console) -> None:
    """The report for people: a line a shard and the minutes that differ, both a view, each fault, and the upshot."""
    for view in report.views:
        comparisons = [comparison for comparison in report.comparisons if comparison.view == view]
        console.print(_shards_table(view, comparisons))
        if any(comparison.differing for comparison in comparisons):
            console.print(_differing_table(view, comparisons))
    for total in report.totals:
        console.print(_total_line(total))
    if report.faults:
        console.print(_faults_table(report))
    if len(report.faults) > SHOWN_MAX:
        console.print(f"{len(report.faults) - SHOWN_MAX:,} more are in the output of --json")
    for note in _notes(report):
        console.print(note)
    console.print(
        Text("All compared minutes agree") if report.all_right else Text("The views are not the same", style="red")
    )


def _notes(report: Report) -> Iterator[str]:
    """What was not compared, and why."""
    if any(comparison.unfinished for comparison in report.comparisons):
        yield "Unfinished minutes were skipped: one of both workers has not done all of them yet"
    if any(comparison.unknown for comparison in report.comparisons):
        yield "Unknown minutes were skipped: a ledger began after them"
    for view in report.by_ledger_alone:
        yield f"The {view} was compared by its ledger alone: nothing of what it holds was read again"
    for drain in report.never_ran:
        yield f"`txn worker {drain}` has not run here: nothing of it was compared"
    for drain in report.off:
        yield f"`txn worker {drain}` does not run now: what it has not done stays unfinished"


def _total_line(total: "Total") -> Text:
    counts = ", ".join(f"{count:,} in {table}" for table, count in total.counts.items())
    return Text(f"{total.what}: {counts}", style="" if total.equal else "red")


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
    names = ("agreeing", "differing", "unfinished", "unknown", *_done_by(view))
    shown = _table("shard", *(Column(name, justify="right") for name in names))
    for comparison in comparisons:
        minutes = (comparison.agreeing, comparison.differing, comparison.unfinished, comparison.unknown)
        counts = _counts(comparison, *comparison.compared).values()
        shown.add_row(_short(comparison.shard_id), *(f"{number:,}" for number in [*map(len, minutes), *counts]))
    return shown


def _differing_table(view: str, comparisons: Sequence[Comparison]) -> Table:
    counted = (Column(name, justify="right") for name in _done_by(view))
    shown = _table("shard", "minute (UTC)", *counted, title="Minutes that differ")
    rows = [(comparison, sums) for comparison in comparisons for sums in comparison.differing]
    for comparison, sums in rows[:SHOWN_MAX]:
        counts = _counts(comparison, sums).values()
        shown.add_row(_short(comparison.shard_id), sums.minute, *(f"{count:,}" for count in counts))
    return shown


def _faults_table(report: Report) -> Table:
    names = ("what", "shard", "sequence number", "sub", "transaction")
    shown = _table(*(Column(name, overflow="fold") for name in names), title="Faults")
    for fault in report.faults[:SHOWN_MAX]:
        where = fault.position
        place = (
            (f"minute {fault.minute}: {fault.why}", "")
            if where is None
            else (where.sequence_number, str(where.sub_sequence_number))
        )
        shown.add_row(fault.kind.replace("_", " "), _short(fault.shard_id), *place, fault.transaction_id or "")
    return shown


def _done_by(view: str) -> list[str]:
    """What the view and the reference have done with a position, by their names: indexed, landed, archived."""
    return [_DONE.get(name, f"{name}d" if name.endswith("e") else f"{name}ed") for name in (view, REFERENCE)]


def _short(shard_id: ShardId) -> str:
    return shard_id.removeprefix("shardId-")
