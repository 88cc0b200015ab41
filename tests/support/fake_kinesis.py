"""A Kinesis stream in memory, whose every answer a test may decide. It knows PutRecords alone."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from tests.builders import SHARD
from txn_core.kinesis.lanes import REQUEST_BYTES_MAX, REQUEST_RECORDS_MAX

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient


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
    forgets: int = 0  # records that the answer leaves out


@dataclass(frozen=True, slots=True)
class Stored:
    """A record on the stream."""

    key: str
    data: bytes
    sequence_number: str


def client_error(code: str, status: int = 400) -> ClientError:
    """An error answer of AWS."""
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": cast("Any", {"HTTPStatusCode": status})}, "PutRecords"
    )


class FakeKinesis:
    """Answers calls by its script, and after that with landings."""

    def __init__(self, script: Iterable[Reply] = ()) -> None:
        self._script = iter(script)
        self.stored: list[Stored] = []
        self.calls: list[list[bytes]] = []
        self.in_flight = 0
        self.in_flight_max = 0

    @property
    def client(self) -> "KinesisClient":
        """The fake as the client that the producer asks for."""
        return cast("KinesisClient", self)

    @property
    def data(self) -> list[bytes]:
        """What the stream holds, in order."""
        return [record.data for record in self.stored]

    async def put_records(self, *, StreamName: str, Records: Sequence[Any]) -> dict[str, Any]:  # noqa: N803 - AWS' names
        """Take a call within the limits of PutRecords, with one record a key at most."""
        entries = [(entry["PartitionKey"], entry["Data"]) for entry in Records]
        assert 0 < len(entries) <= REQUEST_RECORDS_MAX
        assert sum(len(key) + len(data) for key, data in entries) <= REQUEST_BYTES_MAX
        assert len({key for key, _ in entries}) == len(entries), "two records of one lane under way at once"
        self.calls.append([data for _, data in entries])
        reply = next(self._script, Reply())
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            await asyncio.sleep(reply.after_s)
        finally:
            self.in_flight -= 1
        return self._answer(entries, reply)

    def _answer(self, entries: Sequence[tuple[str, bytes]], reply: Reply) -> dict[str, Any]:
        fates = [*reply.fates[: len(entries)], *[Fate.LANDS] * (len(entries) - len(reply.fates))]
        if reply.error is not None:
            if reply.stores and reply.stores_late_s:
                asyncio.get_running_loop().call_later(reply.stores_late_s, self._store_all, entries, fates)
            elif reply.stores:
                self._store_all(entries, fates)
            raise reply.error
        numbers = self._store_all(entries, fates)
        records = [_record(fate, number) for fate, number in zip(fates, numbers, strict=True)]
        return {"Records": records[: len(records) - reply.forgets]}

    def _store_all(self, entries: Sequence[tuple[str, bytes]], fates: Sequence[Fate]) -> list[str]:
        return [self._store(*entry) if fate.stored else "" for entry, fate in zip(entries, fates, strict=True)]

    def _store(self, key: str, data: bytes) -> str:
        record = Stored(key, data, str(len(self.stored) + 1))
        self.stored.append(record)
        return record.sequence_number


def _record(fate: Fate, sequence_number: str) -> dict[str, str]:
    if fate.code is None:
        return {"ShardId": SHARD, "SequenceNumber": sequence_number}
    return {"ErrorCode": fate.code, "ErrorMessage": "as scripted"} if fate.code else {}
