"""Which shard a record will land on: the ranges of hash keys that the stream's open shards own.

Kinesis hashes a partition key with MD5 to a 128-bit number, unless the record carries an explicit hash key, and the
open shard whose range holds that number takes it (AWS: PutRecord, ExplicitHashKey).
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from txn_core.aws.types import KinesisClient
from txn_core.exceptions import StoreError
from txn_core.positions import ShardId

HASH_BYTES: Final = 16
HASH_KEY_MAX: Final = 2 ** (8 * HASH_BYTES) - 1
_MD5: Final = hashlib.md5(usedforsecurity=False)  # copied: a new one takes three times as long


@dataclass(frozen=True, slots=True)
class OpenShard:
    """A shard that takes records whose hash key lies between `start` and `end`, both included."""

    shard_id: ShardId
    start: int
    end: int

    @property
    def explicit_hash_key(self) -> str:
        """A hash key that leads to this shard."""
        return str(self.start)


class ShardMap:
    """The open shards, which together own every hash key exactly once."""

    def __init__(self, shards: Iterable[OpenShard]) -> None:
        """Take the open shards in any order.

        Raises:
            ValueError: their ranges overlap or leave a gap, as a listing made in the middle of a reshard may.
        """
        self.shards = tuple(sorted(shards, key=lambda shard: shard.start))
        ends = [0, *(shard.end + 1 for shard in self.shards)]
        if ends != [*(shard.start for shard in self.shards), HASH_KEY_MAX + 1]:
            raise ValueError("the shards do not own every hash key once")
        self._ids = frozenset(shard.shard_id for shard in self.shards)
        # Digests and starts are compared as bytes, which have the order of the numbers.
        self._later_starts = [shard.start.to_bytes(HASH_BYTES) for shard in self.shards[1:]]

    def shard_of(self, partition_key: str) -> OpenShard:
        """The shard that a record of this partition key lands on."""
        if not self._later_starts:
            return self.shards[0]
        md5 = _MD5.copy()
        md5.update(partition_key.encode())
        return self.shards[bisect_right(self._later_starts, md5.digest())]

    def __contains__(self, shard_id: object) -> bool:
        return shard_id in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShardMap) and self.shards == other.shards

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    async def load(cls, client: KinesisClient, stream: str) -> Self:
        """List the stream's shards, page by page, and keep the open ones.

        Raises:
            StoreError: the listing was made in the middle of a reshard; load it again a little later.
        """
        found = [
            OpenShard(
                ShardId(shard["ShardId"]),
                int(shard["HashKeyRange"]["StartingHashKey"]),
                int(shard["HashKeyRange"]["EndingHashKey"]),
            )
            for shard in await listed_shards(client, stream)
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        ]
        try:
            return cls(found)
        except ValueError as error:
            raise StoreError(f"stream {stream}: {error}") from None


async def listed_shards(client: KinesisClient, stream: str) -> list[Any]:
    """Every shard that still has records or may get some, as Kinesis describes it, page by page."""
    request: Any = {"StreamName": stream}
    found: list[Any] = []
    while True:
        answer = await client.list_shards(**request)
        found += answer.get("Shards") or ()
        if not (token := answer.get("NextToken")):
            return found
        request = {"NextToken": token}  # which names the stream, and must stand alone
