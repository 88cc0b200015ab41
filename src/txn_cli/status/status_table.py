"""A status for people: the API in a line, the workers and the shards as tables."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.table import Column, Table
from rich.text import Text

from operations.drains.shard_status import Drain, ShardStatus
from txn_cli.status.drain import Status, WorkerStatus
from txn_cli.status.process import ApiStatus, IngestStatus, ProcessReadiness
from txn_cli.status.warehouse_status import warehouse_line
from txn_core.kinesis.stream_limits import ReadLimit
from workers.rebuild.lake_progress import LakeCount

_table: Final = partial(Table, box=None, pad_edge=False)

COLOURS = {Drain.DRAINED: "green", Drain.BEHIND: "yellow", Drain.UNKNOWN: "red"}
COUNTS = ("records", "duplicates", "dead_letters", "leases_lost", "leases_stolen")
"""What is shown of a worker's counters, in this order and within 80 columns; `--json` has them all."""
WHY: Final[dict[ReadLimit, str]] = {
    "bytes": "its share of the 2 MB/s that a shard gives to all who poll it is used up",
    "throttled": "Kinesis throttles its reads, since a shard gives 5 reads and 2 MB/s to all who poll it",
}


def picture(status: Status) -> RenderableType:
    """All of a status at once."""
    return Group(*_parts(status))


def show_status(status: Status, console: Console) -> None:
    """Print a status once."""
    for part in _parts(status):
        console.print(part, soft_wrap=isinstance(part, Text))


def progress_line(status: Status) -> str:
    """How far everything is, in a few words."""
    behind = sum(shard.drain is not Drain.DRAINED for worker in status.workers for shard in worker.shards)
    lags = ", ".join(f"{worker.kind} {worker.lag_s(status.at):.1f} s" for worker in status.workers)
    amiss = "".join(f"; {worker.amiss}" for worker in status.workers if worker.amiss)
    return f"{behind} {'lease' if behind == 1 else 'leases'} behind; lag: {lags}{amiss}"


def _parts(status: Status) -> Iterator[RenderableType]:
    if status.api is not None:
        yield _api_line(status.api)
    if status.ingest is not None:
        yield _ingest_line(status.ingest)
    if status.warehouse is not None:
        yield warehouse_line(status.warehouse, status.at)
    yield _workers(status)
    yield from (Text(_batches_line(worker)) for worker in status.workers if worker.counts.get("flush_seconds_count"))
    yield _shards(status)
    yield from (Text(line, style="yellow") for worker in status.workers for line in _limit_lines(worker))
    for worker in status.workers:
        if worker.lake is not None:
            yield Text(_lake_line(worker.lake))
    yield from (Text(worker.amiss, style="red") for worker in status.workers if worker.amiss)
    for worker in status.workers:
        # A refused champion has a line of its own, with its id.
        kinds = [kind for kind in worker.refused if kind != "model" or status.refused is None]
        yield from (Text(_refused_line(worker, kind), style="red") for kind in kinds)
    if status.refused is not None:
        yield Text(status.refused.line, style="yellow")
    if status.index is not None:
        yield Text(status.index.line)
    yield Text("Every shard is drained to its tip" if status.drained else "Not drained yet")


def _api_line(api: ApiStatus) -> Text:
    answered = ", ".join(f"{count:,.0f} {name}" for name, count in api.answered.items()) or "nothing yet"
    return Text.assemble(f"API {api.url}  ", _ready(api.ready), f"  answered since its start: {answered}")


def _ingest_line(ingest: IngestStatus) -> Text:
    """The ingest worker's files since its start, by what became of them."""
    counts = {
        name.removeprefix("files_"): count for name, count in ingest.counts.items() if name.startswith("files_")
    }
    taken = ", ".join(f"{count:,.0f} {name}" for name, count in counts.items() if count) or "none yet"
    return Text.assemble("ingest  ", _ready(ingest.ready), f"  files since its start: {taken}")


def _workers(status: Status) -> Table:
    """One row a kind of worker. Counts are those since the process started."""
    numbers = ("lag", "leases held", *(name.replace("_", " ") for name in COUNTS))
    shown = _table(_text("worker"), _text("process"), *(Column(name, justify="right") for name in numbers))
    for worker in status.workers:
        ready = Text("") if worker.ready is None else _ready(worker.ready)
        counts = (f"{worker.counts[name]:,.0f}" if name in worker.counts else "" for name in COUNTS)
        shown.add_row(worker.kind, ready, f"{worker.lag_s(status.at):.1f} s", _leases(worker), *counts)
    return shown


def _shards(status: Status) -> Table:
    """One row a worker and shard."""
    numbers = (_text(name, justify="right") for name in ("lag", "records"))
    shown = _table(*map(_text, ("worker", "shard", "state")), *numbers, *map(_text, ("lease owner", "checkpoint")))
    for worker in status.workers:
        for shard in worker.shards:
            shown.add_row(
                worker.kind,
                shard.shard_id.removeprefix("shardId-"),
                Text(shard.drain, style=COLOURS[shard.drain]),
                f"{shard.lag_s(status.at):.1f} s",
                _records(shard),
                _owner(shard),
                _checkpoint(shard),
            )
    return shown


def _text(name: str, justify: JustifyMethod = "left") -> Column:
    """A column whose cells are shown whole, on several lines if need be."""
    return Column(name, overflow="fold", justify=justify)


def _ready(readiness: ProcessReadiness) -> Text:
    if readiness.ready:
        return Text("ready", style="green")
    return Text(readiness.why or "not ready", style="red")


def _leases(worker: WorkerStatus) -> str:
    """How many leases are held, and by how many processes when by more than one."""
    held = f"{worker.leases.total()}"
    return held if len(worker.leases) <= 1 else f"{held} by {len(worker.leases)}"


def _batches_line(worker: WorkerStatus) -> str:
    """How much the worker made durable at a time, and how long that took."""
    batches, records = worker.counts["flush_seconds_count"], worker.counts["flush_records_sum"]
    mean_ms = 1000.0 * worker.counts["flush_seconds_sum"] / batches
    return f"{worker.kind}: {batches:,.0f} batches, on average {records / batches:,.0f} records in {mean_ms:,.0f} ms"


def _limit_lines(worker: WorkerStatus) -> Iterator[str]:
    """Why a drain falls behind where a shard's limits are the reason, and what helps."""
    for limit, shards in worker.held_up.items():
        where = "1 shard" if shards == 1 else f"{shards} shards"
        yield (
            f"{worker.kind} falls behind on {where}: {WHY[limit]} (polled by {', '.join(worker.polling)}); "
            "TXN_FAN_OUT gives a drain 2 MB/s of each shard for itself"
        )


def _refused_line(worker: WorkerStatus, kind: str) -> str:
    """What is refused of what is wanted, and where the reason is."""
    are = "are" if kind == "rules" else "is"
    what = "what is wanted cannot be read" if kind == "registry" else f"the wanted {kind} {are} refused"
    command = "txn rules list" if kind == "rules" else "txn models list"
    return f"{worker.kind}: {what}, so what was wanted before goes on: {command} says why"


def _records(shard: ShardStatus) -> str:
    """The records behind the checkpoint, as far as they were counted."""
    if shard.rest is None:
        return "0" if shard.checkpoint.shard_ended else "?"
    return f"{shard.rest.unread}+" if shard.rest.more else f"{shard.rest.unread}"


def _owner(shard: ShardStatus) -> str:
    """Who has the lease, and who asks for it."""
    lease = shard.lease
    if lease is None or lease.owner is None:
        return "nobody"
    return lease.owner if lease.wanted_by is None else f"{lease.owner}, wanted by {lease.wanted_by}"


def _lake_line(lake: LakeCount) -> str:
    """How much of the lake is read, and what it is known to lack."""
    of = f"of {lake.parts:,} parts" if lake.listed else "of an unknown number of parts"
    line = f"from the lake: {lake.parts_done:,} {of} read"
    if lake.cut_off:
        line += f"; not archived to their end and gone from the stream: {', '.join(lake.cut_off)}"
    if lake.unreadable:
        line += f"; with dead letters that cannot be read: {', '.join(lake.unreadable)}"
    return line


def _checkpoint(shard: ShardStatus) -> str:
    """Sequence numbers are long; their ends tell them apart."""
    number = shard.checkpoint.sequence_number
    text = f"...{number[-12:]}" if number.isdigit() and len(number) > 15 else number
    return f"{text}/{shard.checkpoint.sub_sequence_number}" if number.isdigit() else text
