"""What a stream took in, by the ledger of the archive: how many transactions arrived in each minute of each shard.

Ledgers count transactions and not Kinesis records, are there on every system, and cost no read of a shard. Of the
minutes that the archive has not made durable yet they know nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from operations.shards.reshard_plan import DAY, ShardPeak, StreamLoad
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.concurrency import side_by_side
from txn_core.drains import ARCHIVE, REGISTRY, SCORE
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import StoreError
from txn_core.kinesis.shard_map import listed_shards
from txn_core.positions import ShardId
from txn_core.settings import Settings
from workers.leases.lease import Lease
from workers.leases.ledger import Minute, Tally, minute_of, start_of
from workers.leases.ledger_table import LedgerTable
from workers.leases.table import LeaseTable
from workers.reading.answers import required
from workers.reading.budget import polling_drains

ONE_RESHARD: Final = timedelta(minutes=15)
"""Shards that begin within so long belong to one change: UpdateShardCount splits them one after the other."""
MINUTE_S: Final = 60.0
SHARDS_AT_ONCE: Final = 8
ON_DEMAND: Final = "ON_DEMAND"


@dataclass(frozen=True, slots=True)
class ListedShard:
    """A shard that the stream lists, and how many transactions arrived in it, by minute."""

    shard_id: ShardId
    has_parents: bool
    is_open: bool
    counts: Mapping[Minute, int]


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream as Kinesis describes it, and its load. `busiest` is None when nothing arrived."""

    name: str
    is_on_demand: bool
    busiest: Minute | None
    load: StreamLoad


def load_of(
    shards: Sequence[ListedShard],
    since: datetime,
    *,
    is_changing: bool,
    event_bytes: float,
    readers: int,
    scores: bool,
) -> tuple[StreamLoad, Minute | None]:
    """The load by the shards' counts, which may begin before `since`, and the busiest minute from then on.

    At least one shard is open.
    """
    first, together, peaks = minute_of(since), Counter[Minute](), list[ShardPeak]()
    for shard in shards:
        counts = {minute: count for minute, count in shard.counts.items() if minute >= first}
        together.update(counts)
        if shard.is_open:
            peaks.append(ShardPeak(shard.shard_id, max(counts.values(), default=0) / MINUTE_S))
    busiest = max(together, key=together.__getitem__, default=None)
    peak_per_s = 0.0 if busiest is None else together[busiest] / MINUTE_S
    load = StreamLoad(since, peak_per_s, peaks, reshards_of(shards), is_changing, event_bytes, readers, scores)
    return load, busiest


def reshards_of(shards: Iterable[ListedShard]) -> list[datetime]:
    """When shards were split or merged: the first minute of each group of shards that have parents.

    A shard without a transaction is not seen, nor one whose first minutes lie before what was looked at.
    """
    begun = sorted(start_of(min(shard.counts)) for shard in shards if shard.has_parents and shard.counts)
    groups: list[datetime] = []
    for moment in begun:
        if not groups or moment - groups[-1] >= ONE_RESHARD:
            groups.append(moment)
    return groups


async def stream_state(
    kinesis: KinesisClient,
    dynamodb: DynamoDBClient,
    settings: Settings,
    *,
    since: datetime,
    at: datetime,
    event_bytes: float,
) -> StreamState:
    """Look at the stream of the archive now, and change nothing.

    Raises:
        StoreError: no shard is open, or none is leased: there is nothing that counted.
    """
    stream, names = ARCHIVE.stream(settings), TableNames.of(settings)
    described: Any = required(await kinesis.describe_stream_summary(StreamName=stream), "StreamDescriptionSummary")
    rows = {row.shard_id: row for row in await LeaseTable(dynamodb, names.leases(ARCHIVE.name)).rows()}
    listed = await listed_shards(kinesis, stream)
    ledger, counts = LedgerTable(dynamodb, names.ledger(ARCHIVE.name)), dict[ShardId, Mapping[Minute, int]]()

    async def count(shard_id: ShardId) -> None:
        counts[shard_id] = await _counts(ledger, rows[shard_id], minute_of(min(since, at - DAY)))

    leased = [shard["ShardId"] for shard in listed if shard["ShardId"] in rows]
    await side_by_side(leased, count, workers=SHARDS_AT_ONCE)
    shards = [_listed(shard, counts) for shard in listed]
    if not any(shard.is_open for shard in shards) or not counts:
        raise StoreError(f"stream {stream} has no open shard, or its archive has never run: nothing counts its load")
    ran = [drain for drain in polling_drains(settings, stream) if await _ran(dynamodb, names, drain)]
    load, busiest = load_of(
        shards,
        since,
        is_changing=described.get("StreamStatus") != "ACTIVE",
        event_bytes=event_bytes,
        readers=len(ran),
        scores=SCORE.name in ran,
    )
    mode = (described.get("StreamModeDetails") or {}).get("StreamMode")
    return StreamState(stream, mode == ON_DEMAND, busiest, load)


async def _counts(ledger: LedgerTable, row: Lease, since: Minute) -> Mapping[Minute, int]:
    tally: Tally = await ledger.tally(row, since)
    return {minute: noted.count for minute, noted in tally.sums}


async def _ran(dynamodb: DynamoDBClient, names: TableNames, drain: str) -> bool:
    """Whether a drain reads the stream: one that a system may go without has leases only where it has run."""
    return REGISTRY[drain].extra is None or bool(await LeaseTable(dynamodb, names.leases(drain)).rows())


def _listed(shard: Any, counts: Mapping[ShardId, Mapping[Minute, int]]) -> ListedShard:
    shard_id = ShardId(shard["ShardId"])
    return ListedShard(
        shard_id,
        has_parents=bool(shard.get("ParentShardId")),
        is_open="EndingSequenceNumber" not in shard["SequenceNumberRange"],
        counts=counts.get(shard_id, {}),
    )
