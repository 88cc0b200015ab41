"""What stream, lake and dead letters really hold of some minutes of a shard."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from botocore.exceptions import ClientError

from operations.patience import briefly
from txn_core.aws.errors import Failure, failure_of
from txn_core.aws.objects import ObjectStore
from txn_core.aws.types import KinesisClient
from txn_core.exceptions import StoreError
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.columns import arrived_of
from txn_core.lake.layout import DEAD_LETTER_PREFIX, RAW_PREFIX
from txn_core.lake.parquet import read_parquet
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.instants import datetime_of
from workers.events.dead_letters import Envelope
from workers.events.reasons import Reason
from workers.leases.belonging import belonging, told
from workers.leases.lease import Lease
from workers.leases.ledger import DISORDER_MAX, NOTED_SPAN_MAX, Minute, minute_of, start_of
from workers.leases.shards import list_shards
from workers.leases.stream_identity import summary_of
from workers.reading.answers import raw_records
from workers.reading.read_position import Start, records_of
from workers.reading.reader import iterator_of

SET_APART: Final[tuple[Reason, ...]] = ("undecodable", "unwritable")

RECORDS_A_READ: Final = 1_000
READ_SPACING_S: Final = 0.4  # half of a shard's 5 reads a second: its workers need the others
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StreamEvidence:
    """Reads minutes of a shard from the stream again."""

    client: KinesisClient
    stream: str

    async def beginnings(self, leases: Mapping[str, Sequence[Lease]]) -> dict[ShardId, SequenceNumber]:
        """Where each of the stream's shards begins, as far as it says so; `leases` are the rows of each drain.

        What the lake holds of a shard before that is of an earlier stream of this name.

        Raises:
            StoreError: some leases are another stream's.
        """
        summary = await summary_of(self.client, self.stream)
        shards = await list_shards(self.client, self.stream)
        if summary.identity is not None:
            for kind, rows in leases.items():
                if amiss := told(belonging(rows, shards, summary.identity), kind, self.stream):
                    raise StoreError(amiss)
        return {shard.shard_id: shard.begins for shard in shards if shard.begins is not None}

    async def retained_from(self) -> datetime:
        """The moment from which on the stream still holds everything, with a minute to read it in."""
        summary = await self.client.describe_stream_summary(StreamName=self.stream)
        hours = summary["StreamDescriptionSummary"]["RetentionPeriodHours"]
        return datetime.now(UTC) - timedelta(hours=hours) + _MINUTE

    async def records(self, shard_id: ShardId, minutes: Collection[Minute]) -> list[StreamRecord] | None:
        """The records of the minutes, or None when the stream has let go of the shard."""
        try:
            start = Start("AT_TIMESTAMP", timestamp=start_of(min(minutes)))
            iterator: str | None = await iterator_of(self.client, self.stream, shard_id, start)
        except ClientError as error:
            if failure_of(error) is Failure.NOT_FOUND:
                return None
            raise
        over = start_of(max(minutes)) + _MINUTE + DISORDER_MAX
        found: list[StreamRecord] = []
        while iterator is not None:
            answer = await briefly("reread", lambda at=iterator: self._read(at))  # type: ignore[misc]
            records = records_of(shard_id, raw_records(answer))
            found += (record for record in records if minute_of(record.arrived_at) in minutes)
            at_tip = not records and not answer.get("MillisBehindLatest")
            if at_tip or (records and records[-1].arrived_at >= over):
                break
            iterator = answer.get("NextShardIterator")
            await asyncio.sleep(READ_SPACING_S)
        return found

    async def _read(self, iterator: str) -> Any:
        answer = await self.client.get_records(ShardIterator=iterator, Limit=RECORDS_A_READ)
        raw_records(answer)  # a broken answer is asked for again
        return answer


@dataclass(frozen=True, slots=True)
class LakeEvidence:
    """Reads minutes of a shard from the lake again."""

    store: ObjectStore

    async def rows(
        self, shard_id: ShardId, minutes: Collection[Minute], on_stream: Sequence[StreamRecord] = ()
    ) -> list[StreamRecord]:
        """The rows of the minutes, as often as they stand there.

        A row whose record is known from the stream has the record's bytes. To make them from the row costs most.
        """
        known = {record.position: record.data for record in on_stream}
        wanted = pa.array([start_of(minute) for minute in minutes], pa.timestamp("us", tz="UTC"))
        found: list[StreamRecord] = []
        for hour in hours_of(minutes):
            async for key in self.store.keys(f"{RAW_PREFIX}dt={hour:%Y-%m-%d}/hr={hour:%H}/{shard_id}-"):
                table = read_parquet(await self._read(key))
                of_minutes = pc.is_in(pc.floor_temporal(table["arrived_at"], unit="minute"), value_set=wanted)
                found += _rows_of(table.filter(of_minutes), shard_id, known)
        return found

    async def dead_letters(self, worker: str, shard_id: ShardId, minutes: Collection[Minute]) -> list[StreamRecord]:
        """The records of the minutes that a kind of worker set apart, without their bytes, which are sealed.

        Each position that a letter stands for is one, at the arrival of the letter's record.
        """
        days = sorted({minute[:10] for minute in minutes})
        found: list[StreamRecord] = []
        for reason, day in product(SET_APART, days):
            async for key in self.store.keys(f"{DEAD_LETTER_PREFIX}{reason}/dt={day}/{worker}-{shard_id}-"):
                letter = Envelope.of(await self._read(key))
                arrived_at = datetime_of(letter.at)
                found += (StreamRecord(b"", position, arrived_at) for position in letter.origin.positions)
        return [record for record in found if minute_of(record.arrived_at) in minutes]

    async def _read(self, key: str) -> bytes:
        return await briefly("read object", lambda: self.store.read(key))


def _rows_of(table: pa.Table, shard_id: ShardId, known: Mapping[Position, bytes]) -> Iterator[StreamRecord]:
    unknown = []
    columns = (table[name].to_pylist() for name in ("sequence_number", "sub_sequence_number", "arrived_at"))
    for number, (sequence_number, sub_sequence_number, arrived_at) in enumerate(zip(*columns, strict=True)):
        position = Position(shard_id, sequence_number, sub_sequence_number)
        if (data := known.get(position)) is None:
            unknown.append(number)
        else:
            yield StreamRecord(data, position, arrived_at)
    yield from arrived_of(table.take(pa.array(unknown, pa.int64())))


def hours_of(minutes: Collection[Minute]) -> list[datetime]:
    """The hours whose objects may hold rows of the minutes: an object lies at the arrival of its first record."""
    span = NOTED_SPAN_MAX + DISORDER_MAX
    starts = [start_of(minute) for minute in minutes]
    nearby = {start + shift for start in starts for shift in (-span, -timedelta(hours=1), timedelta(), span)}
    return sorted({moment.replace(minute=0) for moment in nearby})
