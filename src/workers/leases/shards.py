"""The stream's shards: which there are, which of them lack a lease, and which may be read yet.

After a split or merge the children hold what came after the parents' last record, so parents are finished first:
then one card's transactions are processed in the order in which they stand on the stream.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from txn_core.aws.types import KinesisClient
from txn_core.kinesis.shard_map import listed_shards
from txn_core.positions import SequenceNumber, ShardId
from workers.leases.lease import Lease
from workers.leases.stream_identity import StreamIdentity
from workers.reading.answers import required

if TYPE_CHECKING:
    from workers.leases.table import LeaseTable

LOOKS_WITHOUT: Final = (
    3  # lists in a row that lack a shard, a pause apart, before it is taken to have left the stream
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as the stream lists it, open or closed. A merge has two parents. `begins` is its first number.

    What a list may leave out is None: who needs it, looks.
    """

    shard_id: ShardId
    parents: tuple[ShardId, ...]
    hash_keys: tuple[str, str] | None = None
    begins: SequenceNumber | None = None


async def list_shards(client: KinesisClient, stream: str) -> list[Shard]:
    """Every shard that still has records or may get some."""
    return [_shard(item) for item in await listed_shards(client, stream)]


class Absence:
    """Whether a shard has left the stream, by lists that lack it.

    One list is no proof: it may be of some time ago, or cut short, and a shard that is taken for gone is over.
    """

    def __init__(self, client: KinesisClient, stream: str, shard_id: ShardId, *, pause_s: float) -> None:
        self._client, self._stream, self._shard_id, self._pause_s = client, stream, shard_id, pause_s
        self._looks = 0
        self._look_at_s = float("-inf")

    @property
    def confirmed(self) -> bool:
        """Whether enough lists in a row lack the shard."""
        return self._looks >= LOOKS_WITHOUT

    async def suspected(self) -> bool:
        """Whether the latest list lacks the shard; a further one is asked for when the pause is over."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._look_at_s:
            listed = await list_shards(self._client, self._stream)
            if not listed or any(shard.shard_id == self._shard_id for shard in listed):
                self.refute()
                return False
            self._looks, self._look_at_s = self._looks + 1, now_s + self._pause_s
        return True

    def refute(self) -> None:
        """The shard is there."""
        self._looks, self._look_at_s = 0, float("-inf")


async def lease_shards(
    shards: Collection[Shard], table: "LeaseTable", rows: Collection[Lease], stream: StreamIdentity | None
) -> bool:
    """Write the rows that the stream's shards lack, or else delete outdated ones; true if rows were lacking.

    Then all must be scanned again before any is taken: another worker may have written a parent's row before us, and
    without it its children seem free to be read. New rows say which stream they are made for, where that is known.
    """
    if lacking := leases_lacking(shards, rows):
        for lease in lacking:
            await table.create(replace(lease, stream=stream))
        return True
    for lease in leases_outdated(shards, rows):
        deleted = await table.delete(lease)
        _log.info("lease_outdated", shard=lease.shard_id, deleted=deleted)
    return False


def leases_lacking(shards: Iterable[Shard], known: Collection[Lease]) -> list[Lease]:
    """New rows for shards without one, to be written in this order: a child without its parent's row may be read.

    All start at the horizon: nothing that is still there is skipped. A shard whose child has begun needs no row: it
    was finished, its row was deleted, and who still lists it looks at a stream of some time ago.
    """
    leased = {lease.shard_id for lease in known} | parents_of_begun(known)
    lacking = [shard for shard in shards if shard.shard_id not in leased]
    return [
        Lease(shard_id=shard.shard_id, parents=shard.parents, hash_keys=shard.hash_keys)
        for shard in sorted(lacking, key=lambda shard: shard.shard_id)  # a parent is older, ids grow and are as long
    ]


def leases_outdated(shards: Iterable[Shard], known: Collection[Lease]) -> list[Lease]:
    """Rows that say nothing any more: done, their shard gone from the stream, and no child of it still to begin.

    To be asked only when every listed shard has its row. (KCL cleans up by the same rule.)
    """
    listed = {shard.shard_id for shard in shards}
    awaited = {parent for lease in known if not _begun(lease) for parent in lease.parents}
    return [
        lease
        for lease in known
        if lease.checkpoint.shard_ended and lease.shard_id not in listed and lease.shard_id not in awaited
    ]


def may_start(lease: Lease, leases: Mapping[ShardId, Lease]) -> bool:
    """Whether a shard's parents are finished. A parent without a row has left the stream, and with it its records."""
    return all(leases[parent].checkpoint.shard_ended for parent in lease.parents if parent in leases)


def _begun(lease: Lease) -> bool:
    return lease.checkpoint.shard_ended or lease.checkpoint.position(lease.shard_id) is not None


def parents_of_begun(leases: Iterable[Lease]) -> set[ShardId]:
    """The shards that have a child which has begun: they are done, whether or not they have a row."""
    return {parent for lease in leases if _begun(lease) for parent in lease.parents}


def _shard(item: Any) -> Shard:
    parents = {item[name] for name in ("ParentShardId", "AdjacentParentShardId") if item.get(name)}
    hash_range, numbers = item.get("HashKeyRange") or {}, item.get("SequenceNumberRange") or {}
    start, end = hash_range.get("StartingHashKey"), hash_range.get("EndingHashKey")
    begins = numbers.get("StartingSequenceNumber")
    return Shard(
        shard_id=ShardId(required(item, "ShardId")),
        parents=tuple(sorted(ShardId(parent) for parent in parents)),
        hash_keys=None if start is None or end is None else (start, end),
        begins=None if begins is None else SequenceNumber(begins),
    )
