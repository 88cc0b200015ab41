"""Reading one shard: from a checkpoint on, record by record of its producers, at the pace the stream allows.

The stream is polled, never followed ahead of the caller: whoever does not ask for the next batch holds nothing in
memory. Nothing is skipped: an iterator that expired is made anew behind the last record that was fetched.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from botocore.exceptions import ClientError

from txn_core.instants import Instant, datetime_of
from txn_core.kinesis.aggregation import deaggregate
from txn_core.lake import Arrived
from txn_core.positions import Position, SequenceNumber, ShardId
from workers.leases import AT_TIMESTAMP, LATEST, TRIM_HORIZON, Checkpoint
from workers.outages import patiently

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

READ_SPACING_S: Final = 0.2  # Kinesis allows a shard 5 reads/s
READ_BYTES_AIM: Final = 2 << 20  # aggregated records are large: the number asked for follows their size
RECORDS_FIRST: Final = 50


@dataclass(frozen=True, slots=True)
class Start:
    """Where an iterator starts: with the types that name one, at a sequence number or a moment of arrival."""

    type: Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"]
    sequence_number: SequenceNumber | None = None
    timestamp: Instant | None = None

    @classmethod
    def after(cls, checkpoint: Checkpoint, shard_id: ShardId) -> Self:
        """Where to read on behind a checkpoint: at its record, since it may stand inside an aggregate.

        Raises:
            ValueError: there is nothing behind the checkpoint (SHARD_END), or we do not know its word.
        """
        if (done := checkpoint.position(shard_id)) is not None:
            return cls("AT_SEQUENCE_NUMBER", done.sequence_number)
        if checkpoint.sequence_number == TRIM_HORIZON:
            return cls("TRIM_HORIZON")
        if checkpoint.sequence_number == LATEST:
            return cls("LATEST")
        if checkpoint.sequence_number == AT_TIMESTAMP and checkpoint.timestamp is not None:
            return cls("AT_TIMESTAMP", timestamp=checkpoint.timestamp)
        raise ValueError(f"{shard_id}: cannot read behind {checkpoint.sequence_number}")


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read gave. `at_tip`: nothing more stood in the shard. `ended`: nothing more ever will."""

    records: Sequence[Arrived]
    at_tip: bool
    ended: bool


class ShardReader:
    """Reads a shard in order, each position behind the checkpoint once."""

    def __init__(
        self,
        client: "KinesisClient",
        stream: str,
        shard_id: ShardId,
        checkpoint: Checkpoint,
        *,
        records_max: int,
        idle_s: float,
    ) -> None:
        self._client, self._stream, self._shard_id = client, stream, shard_id
        self._checkpoint = checkpoint
        self._records_max, self._idle_s = records_max, idle_s
        self._start = Start.after(checkpoint, shard_id)
        self._iterator: str | None = None
        self._limit = min(records_max, RECORDS_FIRST)
        self._not_before_s = 0.0

    async def read(self) -> Batch:
        """The next records, after the pause that is due; none at the tip. Cancelling it loses nothing."""
        await asyncio.sleep(max(0.0, self._not_before_s - time.monotonic()))
        began_s = time.monotonic()
        answer = await patiently(f"read {self._shard_id}", self._answer)
        raw = answer["Records"]
        self._iterator = answer.get("NextShardIterator")
        records = [
            record
            for record in records_of(self._shard_id, raw)
            if not self._checkpoint.covers(record.position)  # only the first record can be
        ]
        if raw:
            self._start = Start("AFTER_SEQUENCE_NUMBER", raw[-1]["SequenceNumber"])
            self._limit = records_to_ask_for(raw, self._records_max)
        self._not_before_s = began_s + READ_SPACING_S if raw else time.monotonic() + self._idle_s
        at_tip = not raw and answer.get("MillisBehindLatest", 0) == 0
        return Batch(records, at_tip=at_tip, ended=self._iterator is None)

    async def _answer(self) -> Any:
        if self._iterator is None:
            self._iterator = await iterator_of(self._client, self._stream, self._shard_id, self._start)
        try:
            return await self._client.get_records(ShardIterator=self._iterator, Limit=self._limit)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExpiredIteratorException":
                raise
        self._iterator = await iterator_of(self._client, self._stream, self._shard_id, self._start)
        return await self._client.get_records(ShardIterator=self._iterator, Limit=self._limit)


async def iterator_of(client: "KinesisClient", stream: str, shard_id: ShardId, start: Start) -> str:
    """A new iterator; it lives five minutes."""
    request: Any = {"StreamName": stream, "ShardId": shard_id, "ShardIteratorType": start.type}
    if start.sequence_number is not None:
        request["StartingSequenceNumber"] = start.sequence_number
    if start.timestamp is not None:
        request["Timestamp"] = datetime_of(start.timestamp)
    return (await client.get_shard_iterator(**request))["ShardIterator"]


def records_of(shard_id: ShardId, raw: Sequence[Any]) -> list[Arrived]:
    """The records of producers in what GetRecords returned, aggregates taken apart."""
    found: list[Arrived] = []
    for record in raw:
        number = SequenceNumber(record["SequenceNumber"])
        arrived_at = record["ApproximateArrivalTimestamp"].astimezone(UTC)
        found += (
            Arrived(user.data, Position(shard_id, number, sub), arrived_at)
            for sub, user in enumerate(deaggregate(record["Data"], record["PartitionKey"]))
        )
    return found


def records_to_ask_for(raw: Sequence[Any], records_max: int) -> int:
    """How many records the next read asks for, so that records of the last one's size give `READ_BYTES_AIM`."""
    mean_bytes = sum(len(record["Data"]) for record in raw) // len(raw) + 1
    return max(1, min(records_max, READ_BYTES_AIM // mean_bytes))
