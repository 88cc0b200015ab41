"""When a time of the lake is complete: the moment before which nothing more can come into it.

An object lies in the hour in which its first record arrived, and letters lie in the day of theirs. So an hour is
complete when every shard's next object begins later. The archive's lease rows tell: arrival times within a shard go
backwards by `DISORDER_MAX` at most, so nothing behind a checkpoint arrived earlier than that before the newest minute
of its ledger. A shard that is split or merged goes on in its children, whose records arrived later than the parents'.
A shard that stands idle tells nothing by its row: ask the stream whether anything stands behind its checkpoint. Who
owns a lease, and whether anybody works on it, does not matter: only checkpoints and plans count.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from txn_core.positions import ShardId
from txn_core.transactions.instants import datetime_of
from workers.leases.belonging import belonging
from workers.leases.lease import Lease
from workers.leases.ledger import DISORDER_MAX, Ledger, checkpoint_text, start_of
from workers.leases.shards import Shard, parents_of_begun
from workers.leases.stream_identity import StreamIdentity

NOTHING_MORE: Final = datetime.max.replace(tzinfo=UTC)
"""The moment of a stream of which every shard is closed and archived to its end."""


def complete_before(
    rows: Iterable[Lease],
    shards: Iterable[Shard],
    stream: StreamIdentity | None = None,
    idle_at: Mapping[ShardId, datetime] | None = None,
) -> datetime | None:
    """The moment before which every arrival is in the lake or in its dead letters; None when a shard tells nothing.

    An hour is complete when it ends at that moment or before (`txn_core.lake.layout.is_complete`), and stays so. A
    later answer may be an earlier moment, where less is known then: the latest moment of all answers counts.

    Args:
        rows: the archive's leases.
        shards: what the stream lists.
        stream: which stream it is, where that is known: leases of another one tell nothing of it.
        idle_at: for open shards without a record behind their checkpoint in `rows`, a moment before that was asked.
    """
    leases = {row.shard_id: row for row in rows}
    listed = {shard.shard_id: shard for shard in shards}
    if stream is not None and belonging(leases.values(), listed.values(), stream).foreign:
        return None
    parents = {shard_id: shard.parents for shard_id, shard in listed.items()}
    parents |= {shard_id: row.parents for shard_id, row in leases.items()}
    done = parents_of_begun(leases.values()) - leases.keys()
    idle = idle_at or {}
    moments = [
        _earliest(leases.get(shard_id), [leases[each] for each in before if each in leases], idle.get(shard_id))
        for shard_id, before in parents.items()
        if shard_id not in done
    ]
    known = [moment for moment in moments if moment is not None]
    return min(known) if known and len(known) == len(moments) else None


def _earliest(row: Lease | None, parents: Iterable[Lease], idle_at: datetime | None) -> datetime | None:
    """The earliest arrival that a shard's next object may begin with; None when nothing tells."""
    if row is not None and row.checkpoint.shard_ended:
        return NOTHING_MORE
    known = [moment for parent in parents for moment in _newest(parent)]
    if idle_at is not None:
        known.append(idle_at)
    if row is not None:
        known += _newest(row)
    bounds = [moment - DISORDER_MAX for moment in known]
    if row is None:
        return max(bounds, default=None)
    if row.checkpoint.timestamp is not None:
        bounds.append(datetime_of(row.checkpoint.timestamp))
    planned = NOTHING_MORE if row.plan is None else datetime_of(row.plan.arrived_at)
    return min(max(bounds), planned) if bounds else None


def _newest(row: Lease) -> Iterator[datetime]:
    """Moments at or before which no record of the shard's rest arrived, but for the disorder of arrivals."""
    if (ledger := _ledger(row)) is not None and ledger.open.newest is not None:
        yield start_of(ledger.open.newest)
    if row.plan is not None:
        yield datetime_of(row.plan.arrived_at)


def _ledger(row: Lease) -> Ledger | None:
    """The row's ledger, if it belongs to the checkpoint: one that was put there by hand has no ledger."""
    done = row.checkpoint.position(row.shard_id)
    if row.ledger is None or row.checkpoint.shard_ended:
        return row.ledger
    return row.ledger if done is not None and row.ledger.through == checkpoint_text(done) else None
