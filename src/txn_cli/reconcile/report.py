"""What a reconciliation found, for people and for machines."""

from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from txn_cli.reconcile.comparison import Comparison, MinuteSums
from txn_cli.reconcile.faults import EXPLANATIONS, Fault
from workers.leases.ledger import Minute

SHOWN_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Report:
    """The comparison of each shard, and all that is missing or doubled."""

    since: Minute
    comparisons: tuple[Comparison, ...]
    faults: tuple[Fault, ...]
    deep: bool

    @property
    def all_right(self) -> bool:
        """Whether nothing differs and nothing is wrong, in the minutes that could be compared."""
        return not self.faults and not any(comparison.differing for comparison in self.comparisons)

    def document(self) -> dict[str, object]:
        """The report as JSON values."""
        return {
            "all_right": self.all_right,
            "since": f"{self.since}Z",
            "deep": self.deep,
            "shards": [_shard(comparison) for comparison in self.comparisons],
            "faults": [fault.document() for fault in self.faults],
        }


def show_report(report: Report, console: Console) -> None:
    """The report for people: a line a shard, the minutes that differ, each fault, and the upshot."""
    console.print(_shards_table(report))
    if any(comparison.differing for comparison in report.comparisons):
        console.print(_differing_table(report))
    if report.faults:
        console.print(_faults_table(report))
    if len(report.faults) > SHOWN_MAX:
        console.print(f"{len(report.faults) - SHOWN_MAX:,} more are in the output of --json")
    if any(comparison.unfinished for comparison in report.comparisons):
        console.print("Unfinished minutes were skipped: one of both workers has not done all of them yet")
    if any(comparison.unknown for comparison in report.comparisons):
        console.print("Unknown minutes were skipped: a ledger began after them")
    console.print(
        Text("All compared minutes agree") if report.all_right else Text("The views are not the same", style="red")
    )


def _shard(comparison: Comparison) -> dict[str, object]:
    return {
        "shard_id": comparison.shard.shard_id,
        "agreeing": len(comparison.agreeing),
        "differing": [_minute(sums) for sums in comparison.differing],
        "unfinished": list(comparison.unfinished),
        "unknown": list(comparison.unknown),
        "positions": {
            "index": sum(sums.index.count for sums in comparison.compared),
            "archive": sum(sums.archive.count for sums in comparison.compared),
        },
    }


def _minute(sums: MinuteSums) -> dict[str, object]:
    return {"minute": sums.minute, "index": sums.index.count, "archive": sums.archive.count}


def _shards_table(report: Report) -> Table:
    shown = Table(box=None, pad_edge=False)
    shown.add_column("shard")
    for name in ("agreeing", "differing", "unfinished", "unknown", "indexed", "archived"):
        shown.add_column(name, justify="right")
    for comparison in report.comparisons:
        minutes = (comparison.agreeing, comparison.differing, comparison.unfinished, comparison.unknown)
        counts = [sum(getattr(sums, side).count for sums in comparison.compared) for side in ("index", "archive")]
        cells = [f"{number:,}" for number in [*map(len, minutes), *counts]]
        shown.add_row(comparison.shard.shard_id.removeprefix("shardId-"), *cells)
    return shown


def _differing_table(report: Report) -> Table:
    shown = Table(title="Minutes that differ", title_justify="left", box=None, pad_edge=False)
    for name in ("shard", "minute (UTC)", "indexed", "archived"):
        shown.add_column(name, justify="right" if name.endswith("ed") else "left")
    rows = [(comparison, sums) for comparison in report.comparisons for sums in comparison.differing]
    for comparison, sums in rows[:SHOWN_MAX]:
        shard = comparison.shard.shard_id.removeprefix("shardId-")
        shown.add_row(shard, sums.minute, f"{sums.index.count:,}", f"{sums.archive.count:,}")
    return shown


def _faults_table(report: Report) -> Table:
    shown = Table(title="Faults", title_justify="left", box=None, pad_edge=False)
    for name in ("what", "shard", "sequence number", "sub", "transaction"):
        shown.add_column(name, overflow="fold")
    for fault in report.faults[:SHOWN_MAX]:
        where = fault.position
        place = (
            (f"minute {fault.minute}: {EXPLANATIONS[fault.kind]}", "")
            if where is None
            else (where.sequence_number, str(where.sub_sequence_number))
        )
        shard = fault.shard_id.removeprefix("shardId-")
        shown.add_row(fault.kind.replace("_", " "), shard, *place, fault.transaction_id or "")
    return shown
