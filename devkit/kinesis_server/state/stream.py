"""One stream: its shards, which of them a record goes to, splits and merges. Pure state; the time is handed in."""

import hashlib
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count, pairwise
from typing import Final

from devkit.kinesis_server.errors import ACCOUNT_ID, KinesisError, in_use, invalid_argument, no_shard
from devkit.kinesis_server.fan_out.consumer import Consumer
from devkit.kinesis_server.state.shard import HASH_KEY_MAX, KEEP_ALL, HashRange, Keep, NewRecord, Shard, StoredRecord
from devkit.kinesis_server.tally import Tally

RECORD_BYTES_MAX: Final = 1 << 20
REGION: Final = "us-east-1"


class Stream:
    """A stream and everything that was ever stored in it."""

    def __init__(
        self,
        name: str,
        shards: int,
        *,
        now: float,
        keep: Keep = KEEP_ALL,
        record_bytes_max: int = RECORD_BYTES_MAX,
        transition_s: float = 0.0,
    ) -> None:
        self.name, self.record_bytes_max = name, record_bytes_max
        self.created = now
        self.shards: dict[str, Shard] = {}  # in the order of their making
        self.consumers: dict[str, Consumer] = {}  # by name
        self._keep = keep
        self._transition_s = transition_s
        self._status, self._ready_at = "CREATING", now + transition_s
        self._moments: list[tuple[int, int, Callable[[], object]]] = []
        self._moment_order = count()
        self._records = 0
        bounds = [part * (HASH_KEY_MAX + 1) // shards for part in range(shards + 1)]
        for start, end in pairwise(bounds):
            self._add(HashRange(start, end - 1), now, born_s=int(now))
        self._reroute()

    @property
    def arn(self) -> str:
        """The stream's ARN."""
        return f"arn:aws:kinesis:{REGION}:{ACCOUNT_ID}:stream/{self.name}"

    @property
    def open_shards(self) -> list[Shard]:
        """The shards that take records, by hash range."""
        return list(self._open)

    @property
    def stored(self) -> Tally:
        """What all shards stored."""
        return sum((shard.stored for shard in self.shards.values()), Tally())

    @property
    def acknowledged(self) -> Tally:
        """What of it was acknowledged to whoever put it."""
        return sum((shard.acknowledged for shard in self.shards.values()), Tally())

    def records(self) -> Iterator[StoredRecord]:
        """Every record still held, shard by shard, each in order."""
        for shard in self.shards.values():
            yield from shard.records

    def status(self, now: float) -> str:
        """CREATING or UPDATING for a while after a change, else ACTIVE."""
        return self._status if now < self._ready_at else "ACTIVE"

    def shard(self, shard_id: str) -> Shard:
        """A shard by its id.

        Raises:
            KinesisError: there is none.
        """
        if (shard := self.shards.get(shard_id)) is None:
            raise no_shard(shard_id, self.name)
        return shard

    def children(self, shard: Shard) -> list[Shard]:
        """The shards that carry on a closed one."""
        return [child for child in self.shards.values() if shard.shard_id in child.parents]

    def route(self, partition_key: bytes, explicit_hash_key: str | None) -> Shard:
        """The open shard whose range holds the record's hash key: the explicit one, else the key's MD5."""
        if explicit_hash_key is None:
            hash_key = int.from_bytes(hashlib.md5(partition_key, usedforsecurity=False).digest(), "big")
        else:
            hash_key = int(explicit_hash_key)
        return self._open[bisect_right(self._starts, hash_key) - 1]

    def another(self, shard: Shard, rng: random.Random) -> Shard:
        """An open shard other than this one, if there is one."""
        return rng.choice([other for other in self._open if other is not shard] or [shard])

    def store(self, shard: Shard, new: NewRecord, now: float) -> StoredRecord:
        """Store a record on a shard; what waits for that many records then happens before the next one."""
        record = shard.append(new, int(now * 1000))
        self._records += 1
        while self._moments and self._moments[0][0] <= self._records:
            self._act(heappop(self._moments)[2])
        return record

    def when_stored(self, records: int, act: Callable[[], object]) -> None:
        """Act as soon as the stream has stored so many records in all, also in the middle of a request."""
        heappush(self._moments, (records, next(self._moment_order), act))

    def split(self, shard_id: str, now: float, new_start: int | None = None) -> tuple[Shard, Shard]:
        """Close a shard and open two that share its hash keys, in the middle unless told otherwise.

        Raises:
            KinesisError: the shard is closed or unknown, the hash key is not inside it, or the stream is not ACTIVE.
        """
        parent = self._closable(shard_id)
        hashes = parent.hash_range
        middle = hashes.middle if new_start is None else new_start
        if not hashes.start + 1 < middle < hashes.end:
            raise invalid_argument(
                f"NewStartingHashKey {middle} used in SplitShard() on shard {shard_id} in stream {self.name} under "
                f"account {ACCOUNT_ID} is not both greater than one plus the shard's StartingHashKey {hashes.start} "
                f"and less than the shard's EndingHashKey {hashes.end}."
            )
        self._begin_update(now)
        parent.close(int(now * 1000))
        lower = self._carry_on((parent,), HashRange(hashes.start, middle - 1), now)
        upper = self._carry_on((parent,), HashRange(middle, hashes.end), now)
        self._reroute()
        return lower, upper

    def merge(self, shard_id: str, adjacent_id: str, now: float) -> Shard:
        """Close two shards whose hash keys adjoin and open one that has both.

        Raises:
            KinesisError: a shard is closed or unknown, they do not adjoin, or the stream is not ACTIVE.
        """
        parents = self._closable(shard_id), self._closable(adjacent_id)
        lower, upper = sorted(parents, key=lambda shard: shard.hash_range.start)
        if lower.hash_range.end + 1 != upper.hash_range.start:
            raise invalid_argument(
                f"Shards {shard_id} and {adjacent_id} in stream {self.name} under account {ACCOUNT_ID} are not an "
                "adjacent pair of shards eligible for merging"
            )
        self._begin_update(now)
        for parent in parents:
            parent.close(int(now * 1000))
        child = self._carry_on(parents, HashRange(lower.hash_range.start, upper.hash_range.end), now)
        self._reroute()
        return child

    def _act(self, act: Callable[[], object]) -> None:
        try:
            act()
        except KinesisError as error:
            # Nothing that the client whose record came last has done wrong, so it is not its answer.
            raise RuntimeError("what was to happen at this moment cannot") from error

    def _closable(self, shard_id: str) -> Shard:
        shard = self.shard(shard_id)
        if shard.closed_ms is not None:
            raise in_use(
                f"Shard {shard_id} in stream {self.name} under account {ACCOUNT_ID} has already been merged or "
                "split, and thus is not eligible for merging or splitting."
            )
        return shard

    def _begin_update(self, now: float) -> None:
        if (status := self.status(now)) != "ACTIVE":
            raise in_use(f"Stream {self.name} under account {ACCOUNT_ID} not ACTIVE, instead in state {status}")
        self._status, self._ready_at = "UPDATING", now + self._transition_s

    def _carry_on(self, parents: tuple[Shard, ...], hash_range: HashRange, now: float) -> Shard:
        # Born later than the parents in any case: sequence numbers grow from parent to child.
        born_s = max(int(now), *(parent.born_s + 1 for parent in parents))
        return self._add(hash_range, now, born_s=born_s, parents=tuple(parent.shard_id for parent in parents))

    def _add(self, hash_range: HashRange, now: float, *, born_s: int, parents: tuple[str, ...] = ()) -> Shard:
        shard = Shard(
            index=len(self.shards),
            hash_range=hash_range,
            opened_ms=int(now * 1000),
            born_s=born_s,
            parents=parents,
            keep=self._keep,
        )
        self.shards[shard.shard_id] = shard
        return shard

    def _reroute(self) -> None:
        self._open = sorted(
            (shard for shard in self.shards.values() if shard.closed_ms is None),
            key=lambda shard: shard.hash_range.start,
        )
        self._starts = [shard.hash_range.start for shard in self._open]
