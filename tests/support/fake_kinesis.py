"""A Kinesis stream in memory, whose every answer a test may decide. It knows PutRecords and ListShards alone."""

import asyncio
import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, cast

from aiohttp import ClientConnectorError
from botocore.exceptions import ClientError, EndpointConnectionError
from devkit.user_records import deaggregate

from txn_core.kinesis.shard_map import HASH_KEY_MAX
from txn_core.kinesis.stream_limits import REQUEST_RECORDS_MAX, Limits
from txn_core.positions import ShardId

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

UNREACHABLE: Final = EndpointConnectionError(
    endpoint_url="http://127.0.0.1:1", error=ClientConnectorError(cast("Any", None), OSError("refused"))
)


class Fate(Enum):
    """What becomes of one record of a call: the error code that is answered, and whether the stream holds it."""

    LANDS = (None, True)
    THROTTLED = ("ProvisionedThroughputExceededException", False)
    FAILS = ("InternalFailure", False)
    FAILS_YET_STORED = ("InternalFailure", True)
    REFUSED = ("KMSDisabledException", False)
    UNEXPLAINED = ("", False)

    def __init__(self, code: str | None, stored: bool) -> None:  # noqa: FBT001 - as the members are written
        self.code, self.stored = code, stored


@dataclass(frozen=True, slots=True)
class Reply:
    """What becomes of one call; fates that are not given are landings."""

    fates: Sequence[Fate] = ()
    error: Exception | None = None  # the call ends in it instead of an answer
    stores: bool = True  # a call that ends in an error stores its records all the same
    stores_late_s: float = 0.0  # and does so this long after the error
    after_s: float = 0.0
    once: asyncio.Event | None = None  # what the answer waits for besides
    forgets: int = 0  # records that the answer leaves out


@dataclass(frozen=True, slots=True)
class Stored:
    """A record of a producer on the stream."""

    key: str
    data: bytes
    sequence_number: str
    shard_id: str
    sub_sequence_number: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """A Kinesis record of a call."""

    key: str
    hash_key: str | None
    data: bytes

    @property
    def hash(self) -> int:
        """The number that decides its shard."""
        return hash_key_of(self.key) if self.hash_key is None else int(self.hash_key)

    @property
    def records(self) -> list[bytes]:
        """The data of the producer's records in it."""
        return [record.data for record in deaggregate(self.data, self.key)]


@dataclass(frozen=True, slots=True)
class FakeShard:
    """A shard and the hash keys that it owns, both ends included."""

    shard_id: ShardId
    start: int
    end: int
    open: bool = True

    def document(self) -> dict[str, Any]:
        """The shard as ListShards gives it."""
        ended = {} if self.open else {"EndingSequenceNumber": "9"}
        return {
            "ShardId": self.shard_id,
            "HashKeyRange": {"StartingHashKey": str(self.start), "EndingHashKey": str(self.end)},
            "SequenceNumberRange": {"StartingSequenceNumber": "1", **ended},
        }


@dataclass(eq=False)
class FakeKinesis:
    """Answers calls by its script, and after that with landings."""

    script: Iterable[Reply] = ()
    shard_count: int = 1
    limits: Limits = field(default_factory=Limits)
    fates: dict[str, Fate] = field(default_factory=dict)  # of all that is bound for a shard, whatever the script says
    delays_s: dict[str, float] = field(default_factory=dict)  # of all calls that hold something for a shard
    listing_errors: list[Exception] = field(default_factory=list)  # in which the next listings end
    ignores_keys: bool = False

    def __post_init__(self) -> None:
        self._script = iter(self.script)
        self._made = itertools.count()
        self._spread = itertools.count()
        bounds = [part * (HASH_KEY_MAX + 1) // self.shard_count for part in range(self.shard_count + 1)]
        self.shards = [self._shard(start, end - 1) for start, end in itertools.pairwise(bounds)]
        self.stored: list[Stored] = []
        self.calls: list[list[bytes]] = []  # the data of the producer's records
        self.sent: list[list[Sent]] = []  # the Kinesis records
        self.listings = 0
        self.in_flight = 0
        self.in_flight_max = 0
        self._lanes_in_flight: list[object] = []

    @property
    def client(self) -> "KinesisClient":
        """The fake as the client that the producer asks for."""
        return cast("KinesisClient", self)

    @property
    def data(self) -> list[bytes]:
        """What the stream holds, in order."""
        return [record.data for record in self.stored]

    @property
    def open_shards(self) -> list[FakeShard]:
        """The shards that take records, by hash keys."""
        return sorted((shard for shard in self.shards if shard.open), key=lambda shard: shard.start)

    def shard_of(self, hash_key: int) -> FakeShard:
        """The open shard that owns a hash key."""
        return next(shard for shard in self.open_shards if shard.start <= hash_key <= shard.end)

    def split(self, index: int) -> None:
        """Split an open shard in the middle."""
        shard = self._closed(index)
        middle = (shard.start + shard.end) // 2
        self.shards += [self._shard(shard.start, middle), self._shard(middle + 1, shard.end)]

    def merge(self, index: int) -> None:
        """Merge an open shard with its upper neighbour."""
        lower, upper = self._closed(index), self._closed(index)
        self.shards.append(self._shard(lower.start, upper.end))

    async def list_shards(self, **request: Any) -> dict[str, Any]:
        """Two shards a page."""
        if self.listing_errors:
            raise self.listing_errors.pop(0)
        await asyncio.sleep(0)
        self.listings += "NextToken" not in request
        first = int(request.get("NextToken", 0))
        page: dict[str, Any] = {"Shards": [shard.document() for shard in self.shards[first : first + 2]]}
        return page | ({"NextToken": str(first + 2)} if first + 2 < len(self.shards) else {})

    async def put_records(self, *, StreamName: str, Records: Sequence[Any]) -> dict[str, Any]:  # noqa: N803 - AWS' names
        """Take a call within the limits of PutRecords, with one record a lane at most."""
        entries = [Sent(entry["PartitionKey"], entry.get("ExplicitHashKey"), entry["Data"]) for entry in Records]
        self._check(entries)
        self.sent.append(entries)
        self.calls.append([data for entry in entries for data in entry.records])
        reply = next(self._script, Reply())
        delays_s = [self.delays_s.get(self.shard_of(entry.hash).shard_id, 0.0) for entry in entries]
        lanes = [self._lane(entry) for entry in entries]
        assert not {*lanes} & {*self._lanes_in_flight}, "two records of one lane under way at once"
        self._lanes_in_flight += lanes
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            await asyncio.sleep(max([reply.after_s, *delays_s]))
            if reply.once is not None:
                await reply.once.wait()
        finally:
            self.in_flight -= 1
            for lane in lanes:
                self._lanes_in_flight.remove(lane)
        return self._answer(entries, reply)

    def _check(self, entries: Sequence[Sent]) -> None:
        sizes = [len(entry.key.encode()) + len(entry.data) + len(entry.hash_key or "") for entry in entries]
        assert 0 < len(entries) <= REQUEST_RECORDS_MAX
        assert sum(sizes) <= self.limits.request_bytes_max
        assert max(sizes) <= self.limits.record_bytes_max
        lanes = [self._lane(entry) for entry in entries]
        assert len({*lanes}) == len(lanes), "two records of one lane in one call"

    def _lane(self, entry: Sent) -> object:
        """What must be settled before more of it comes; once the map may be wrong, only the producer knows."""
        if not self.listings:
            return entry.key
        sure = not self.ignores_keys and all(shard.open for shard in self.shards)
        return self.shard_of(entry.hash) if sure else object()

    def _answer(self, entries: Sequence[Sent], reply: Reply) -> dict[str, Any]:
        scripted = [*reply.fates[: len(entries)], *[Fate.LANDS] * (len(entries) - len(reply.fates))]
        shards = [self._landing(entry) for entry in entries]
        fates = [self.fates.get(shard.shard_id, fate) for shard, fate in zip(shards, scripted, strict=True)]
        if reply.error is not None:
            if reply.stores and reply.stores_late_s:
                asyncio.get_running_loop().call_later(reply.stores_late_s, self._store_all, entries, shards, fates)
            elif reply.stores:
                self._store_all(entries, shards, fates)
            raise reply.error
        places = self._store_all(entries, shards, fates)
        records = [_record(fate, place) for fate, place in zip(fates, places, strict=True)]
        return {"Records": records[: len(records) - reply.forgets]}

    def _store_all(
        self, entries: Sequence[Sent], shards: Sequence[FakeShard], fates: Sequence[Fate]
    ) -> list[Stored | None]:
        return [
            self._store(entry, shard) if fate.stored else None
            for entry, shard, fate in zip(entries, shards, fates, strict=True)
        ]

    def _store(self, entry: Sent, shard: FakeShard) -> Stored:
        number = str(len(self.stored) + 1)
        records = [
            Stored(record.partition_key, record.data, number, shard.shard_id, sub)
            for sub, record in enumerate(deaggregate(entry.data, entry.key))
        ]
        self.stored += records
        return records[0]

    def _landing(self, entry: Sent) -> FakeShard:
        if self.ignores_keys:
            return self.open_shards[next(self._spread) % len(self.open_shards)]
        return self.shard_of(entry.hash)

    def _shard(self, start: int, end: int) -> FakeShard:
        return FakeShard(ShardId(f"shardId-{next(self._made):012d}"), start, end)

    def _closed(self, index: int) -> FakeShard:
        shard = self.open_shards[index]
        self.shards[self.shards.index(shard)] = replace(shard, open=False)
        return shard


def hash_key_of(partition_key: str) -> int:
    """The number that Kinesis hashes a partition key to."""
    return int.from_bytes(hashlib.md5(partition_key.encode()).digest())


def client_error(code: str, status: int = 400) -> ClientError:
    """An error answer of AWS."""
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": cast("Any", {"HTTPStatusCode": status})}, "PutRecords"
    )


def _record(fate: Fate, place: Stored | None) -> dict[str, str]:
    if fate.code is None and place is not None:
        return {"ShardId": place.shard_id, "SequenceNumber": place.sequence_number}
    return {"ErrorCode": fate.code, "ErrorMessage": "as scripted"} if fate.code else {}
