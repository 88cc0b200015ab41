"""A status for people, as a table, and for machines, as JSON."""

from rich.console import Console
from rich.table import Table

from txn_cli.status.drain import Drain, ShardStatus, Status, WorkerStatus
from workers.lake_progress import LakeCount

COLOURS = {Drain.DRAINED: "green", Drain.BEHIND: "yellow", Drain.UNKNOWN: "red"}


def document(status: Status) -> dict[str, object]:
    """The status as JSON values; times are ages in seconds."""
    return {
        "drained": status.drained,
        "at": status.at.isoformat(),
        "workers": {worker.kind: _worker(worker, status) for worker in status.workers},
    }


def _worker(worker: WorkerStatus, status: Status) -> dict[str, object]:
    return {
        "drained": worker.drained,
        "lag_s": round(worker.lag_s(status.at), 3),
        "counts": worker.counts,
        "shards": [_shard(shard, status) for shard in worker.shards],
        "lake": None if worker.lake is None else _lake(worker.lake),
    }


def _lake(lake: LakeCount) -> dict[str, object]:
    return {
        "complete": lake.complete,
        "parts": lake.parts,
        "parts_done": lake.parts_done,
        "listed": lake.listed,
        "cut_off": list(lake.cut_off),
    }


def _shard(shard: ShardStatus, status: Status) -> dict[str, object]:
    return {
        "shard_id": shard.shard_id,
        "drain": shard.drain,
        "lag_s": round(shard.lag_s(status.at), 3),
        "owner": None if shard.lease is None else shard.lease.owner,
        "lease_counter": None if shard.lease is None else shard.lease.counter,
        "checkpoint": shard.checkpoint.sequence_number,
        "checkpoint_sub": shard.checkpoint.sub_sequence_number,
    }


def show_status(status: Status, console: Console) -> None:
    """The status for people: what each worker has on each shard, and what it did."""
    console.print(_table(status))
    for worker in status.workers:
        if worker.counts:
            console.print(_counts_line(worker), soft_wrap=True)
        if worker.lake is not None:
            console.print(_lake_line(worker.lake), soft_wrap=True)
    console.print("Every shard is drained to its tip" if status.drained else "Not drained yet")


def _table(status: Status) -> Table:
    """One row a worker and shard."""
    shown = Table(box=None, pad_edge=False)
    for name in ("worker", "shard", "state", "lag", "lease owner", "checkpoint"):
        shown.add_column(name, overflow="fold", justify="right" if name == "lag" else "left")
    for worker in status.workers:
        for shard in worker.shards:
            owner = None if shard.lease is None else shard.lease.owner
            shown.add_row(
                worker.kind,
                shard.shard_id.removeprefix("shardId-"),
                f"[{COLOURS[shard.drain]}]{shard.drain}[/]",
                f"{shard.lag_s(status.at):.1f} s",
                owner or "nobody",
                _checkpoint(shard),
            )
    return shown


def _counts_line(worker: WorkerStatus) -> str:
    """What a worker did since it started, in a line."""
    counts = ", ".join(f"{value:,.0f} {name.replace('_', ' ')}" for name, value in worker.counts.items() if value)
    return f"{worker.kind} since its start: {counts or 'nothing yet'}"


def _lake_line(lake: LakeCount) -> str:
    """How much of the lake is read, and what it is known to lack."""
    of = f"of {lake.parts:,} parts" if lake.listed else "of an unknown number of parts"
    line = f"from the lake: {lake.parts_done:,} {of} read"
    if lake.cut_off:
        line += f"; not archived to their end and gone from the stream: {', '.join(lake.cut_off)}"
    return line


def progress_line(status: Status) -> str:
    """How far everything is, in a few words."""
    behind = sum(shard.drain is not Drain.DRAINED for worker in status.workers for shard in worker.shards)
    lags = ", ".join(f"{worker.kind} {worker.lag_s(status.at):.1f} s" for worker in status.workers)
    return f"{behind} {'lease' if behind == 1 else 'leases'} behind; lag: {lags}"


def _checkpoint(shard: ShardStatus) -> str:
    """Sequence numbers are long; their ends tell them apart."""
    number = shard.checkpoint.sequence_number
    text = f"...{number[-12:]}" if number.isdigit() and len(number) > 15 else number
    return f"{text}/{shard.checkpoint.sub_sequence_number}" if number.isdigit() else text
