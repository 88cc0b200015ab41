"""Whether the leases of a worker kind belong to the stream as it is now: decided from rows and shards alone.

A row carries the identity of the stream that it was made for. Rows of older versions carry none; they are taken over
unless one of them tells of something that the stream cannot have: a checkpoint before the beginning of its shard, or
records that arrived before the stream was created. Then all rows without an identity are another stream's, since the
same workers made them, and a row that was done (SHARD_END) tells nothing by itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from txn_core.positions import ShardId
from txn_core.transactions.instants import datetime_of
from workers.leases.lease import Lease
from workers.leases.ledger import start_of
from workers.leases.shards import Shard
from workers.leases.stream_identity import StreamIdentity
from workers.reading.answers import UNKNOWN_ARRIVAL

RESET_COMMAND: Final = "txn leases reset"
CREATION_SLACK: Final = timedelta(seconds=1)  # the time of creation is approximate, by the API reference


@dataclass(frozen=True, slots=True)
class Belonging:
    """The rows of a lease table by the stream that they belong to.

    `foreign` are another stream's. `unmarked` are this one's as far as anybody can tell, and do not say so yet.
    """

    stream: StreamIdentity
    foreign: tuple[Lease, ...] = ()
    unmarked: tuple[Lease, ...] = ()


def belonging(rows: Iterable[Lease], shards: Iterable[Shard], stream: StreamIdentity) -> Belonging:
    """Sort rows by the stream that they belong to; `shards` are those that the stream lists."""
    by_id, rows = {shard.shard_id: shard for shard in shards}, list(rows)
    foreign = [row for row in rows if row.stream not in {None, stream}]
    unmarked = [row for row in rows if row.stream is None]
    if any(_tells_of_another(row, by_id, stream) for row in unmarked):
        return Belonging(stream, (*foreign, *unmarked))
    return Belonging(stream, tuple(foreign), tuple(unmarked))


def told(found: Belonging, kind: str, name: str) -> str:
    """What is wrong with the leases of a kind of worker, and what mends it, in words; empty when nothing is."""
    if not found.foreign:
        return ""
    now, other, count = found.stream, found.foreign[0].stream, len(found.foreign)
    leases = f"the leases of the {kind} worker ({count})"
    again = f"stream {name} was made again at {now.created_at}"
    if other is None:
        what = f"{again}: {leases} tell of records from before"
    elif other.arn != now.arn:
        what = f"{leases} belong to another stream than {name}: to {other.arn}, made at {other.created_at}"
    elif now.created_at > other.created_at:
        what = f"{again}: {leases} belong to the one made at {other.created_at}"
    else:
        what = f"{leases} belong to a stream {name} made at {other.created_at}, not to the one of {now.created_at}"
    return f"{what}; nothing is read for the {kind} until `{RESET_COMMAND} {kind}`"


def _tells_of_another(row: Lease, shards: Mapping[ShardId, Shard], stream: StreamIdentity) -> bool:
    begins = shard.begins if (shard := shards.get(row.shard_id)) is not None else None
    done = row.checkpoint.position(row.shard_id)
    if begins is not None and done is not None and int(done.sequence_number) < int(begins):
        return True
    created = datetime_of(stream.created_at)
    return any(over <= created for over in _arrivals_over(row))


def _arrivals_over(row: Lease) -> Iterator[datetime]:
    """Moments before which a record of the row's stream has arrived for sure."""
    if row.plan is not None and (arrived_at := datetime_of(row.plan.arrived_at)) != UNKNOWN_ARRIVAL:
        yield arrived_at + CREATION_SLACK
    if row.ledger is not None:
        starts = (start_of(minute) for minute, _ in (*row.ledger.open.sums, *row.ledger.leaving.sums))
        yield from (start + timedelta(minutes=1) for start in starts if start != UNKNOWN_ARRIVAL)
