"""Reading one shard: from a checkpoint on, record by record of its producers, at the pace the stream allows.

The stream is polled, never followed ahead of the caller: whoever does not ask for the next batch holds nothing in
memory. Nothing is skipped unsaid: every iterator begins at a record that was seen before, and when another comes in
its place, the stream has let go of it by age, and may have let go of what stood behind it, too.

Readers poll, and share a shard's limits (`pace.py`). Enhanced fan-out, a quota of its own for each consumer at a
price, is left out: it needs registered consumers and HTTP/2 push, and two kinds of workers fit into a shard's limits.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import structlog
from botocore.exceptions import ClientError

from txn_core.aws.errors import code_of
from txn_core.kinesis.aggregation import unpack
from txn_core.kinesis.record_batch import Run, Stretch
from txn_core.positions import SequenceNumber, ShardId
from txn_core.transactions.instants import Instant, datetime_of
from workers.leases.lease import AT_TIMESTAMP, LATEST, TRIM_HORIZON, Checkpoint
from workers.leases.shards import Absence
from workers.reading.answers import arrival_of, data_of, raw_records, required, sequence_number_of
from workers.reading.pace import READS_PER_S_MAX, ReadPace
from workers.retries import patiently

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

READ_BYTES_AIM: Final = 2 << 20  # aggregated records are large: the number asked for follows their size
RECORDS_FIRST: Final = 50
THROTTLE_JITTER: Final = 0.5  # readers that met at a limit do not meet there again
RETENTION_S_MIN: Final = 24 * 3600.0  # Kinesis keeps no record for less

SHARD_SYNC_S: Final = 10.0

Loss = Literal["trimmed", "planned", "shard_gone"]
"""What retention took: the record at which reading went on, a part of a stored plan, or the shard."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """Where an iterator starts: with the types that name one, at a sequence number or a moment of arrival."""

    type: Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER"]
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
    """What one read gave. `at_tip`: nothing more stood in the shard. `ended`: nothing more ever will.

    `behind_s`: how far from the tip the read ended, by the stream's own account.
    """

    records: Stretch
    at_tip: bool
    ended: bool
    behind_s: float = 0.0


def _uncounted(_: Loss) -> None:
    """For those who read without metrics."""


class ShardReader:
    """Reads a shard in order, each position behind the checkpoint once. `lost` is told of what retention took."""

    def __init__(
        self,
        client: "KinesisClient",
        stream: str,
        shard_id: ShardId,
        checkpoint: Checkpoint,
        *,
        records_max: int,
        idle_s: float,
        reads_per_s: float = READS_PER_S_MAX,
        shard_sync_s: float = SHARD_SYNC_S,
        lost: Callable[[Loss], None] = _uncounted,
    ) -> None:
        self._client, self._stream, self._shard_id = client, stream, shard_id
        self._checkpoint = checkpoint
        self._records_max = records_max
        self._pace = ReadPace(reads_per_s=reads_per_s, idle_s_max=idle_s)
        self._absence = Absence(client, stream, shard_id, pause_s=shard_sync_s)
        self._lost = lost
        self._start = Start.after(checkpoint, shard_id)
        self._iterator: str | None = None
        self._due: SequenceNumber | None = None  # the record that must come first, or retention has taken it
        self._fetched = -1  # the last record's sequence number
        self._tip_seen_s = float("-inf")  # by the wall clock, which goes on while a machine sleeps
        self._limit = min(records_max, RECORDS_FIRST)
        self._not_before_s = 0.0

    async def read(self) -> Batch:
        """The next records, after the pause that is due; none at the tip. Cancelling it loses nothing."""
        answer = await patiently(f"read {self._shard_id}", self._answer)
        if answer is None:
            return self._without_shard()
        raw = raw_records(answer)
        self._iterator = answer.get("NextShardIterator")
        if raw or self._iterator is None:
            self._compare(raw)
        records = behind(self._checkpoint, records_of(self._shard_id, self._unseen(raw)))
        if raw:
            last = sequence_number_of(raw[-1])
            self._start, self._fetched = Start("AT_SEQUENCE_NUMBER", last), int(last)
            self._limit = records_to_ask_for(raw, self._records_max)
        behind_s = (answer.get("MillisBehindLatest") or 0) / 1000
        at_tip = not raw and not behind_s
        if at_tip:
            self._tip_seen_s = time.time()
        size_bytes = sum(len(data_of(record)) for record in raw)
        self._not_before_s += self._pace.after_nothing() if at_tip else self._pace.after_read(size_bytes)
        return Batch(records, at_tip=at_tip, ended=self._iterator is None, behind_s=behind_s)

    async def _answer(self) -> Any:
        """What the next read gives that is neither throttled nor behind an expired iterator.

        None while the stream seems to lack the shard.
        """
        while True:
            now_s = asyncio.get_running_loop().time
            await asyncio.sleep(max(0.0, self._not_before_s - now_s()))
            self._not_before_s = now_s()  # from here on the pace counts
            try:
                return await self._read_once()
            except ClientError as error:
                code = code_of(error)
                if code == "ExpiredIteratorException":
                    self._iterator = None
                    self._not_before_s += self._pace.spacing_s
                elif code == "ProvisionedThroughputExceededException":
                    jitter = 1.0 + THROTTLE_JITTER * random.random()  # noqa: S311 - jitter is no secret
                    self._not_before_s += self._pace.after_throttle() * jitter
                elif code == "ResourceNotFoundException" and await self._absence.suspected():
                    return None
                else:
                    raise

    async def _read_once(self) -> Any:
        if self._iterator is None:
            self._iterator = await iterator_of(self._client, self._stream, self._shard_id, self._start)
            # Who saw the tip within the shortest retention has missed nothing, however old the last record is.
            if time.time() - self._tip_seen_s >= RETENTION_S_MIN:
                self._due = self._start.sequence_number
        answer = await self._client.get_records(ShardIterator=self._iterator, Limit=self._limit)
        raw_records(answer)  # a broken answer is no answer: it is asked for again
        self._absence.refute()
        return answer

    def _compare(self, raw: Sequence[Any]) -> None:
        """Say so when records begin, or the shard ends, without the one at which the iterator was made.

        What stood behind it may still be there to the last record: nobody can tell.
        """
        due, self._due = self._due, None
        first = sequence_number_of(raw[0]) if raw else None
        if due is None or (first is not None and int(first) == int(due)):
            return
        self._say_lost("trimmed", read_to=due, first=first)

    def _say_lost(self, reason: Loss, *, read_to: str | None, first: str | None) -> None:
        _log.error("records_lost_by_retention", shard=self._shard_id, reason=reason, read_to=read_to, first=first)
        self._lost(reason)

    def _unseen(self, raw: Sequence[Any]) -> Sequence[Any]:
        """Records without those that an earlier iterator has given."""
        seen = sum(1 for _ in takewhile(lambda record: int(sequence_number_of(record)) <= self._fetched, raw))
        return raw[seen:] if seen else raw

    def _without_shard(self) -> Batch:
        """Nothing while the stream seems to lack the shard; its end when that is sure: all is past retention then."""
        self._not_before_s += self._pace.after_nothing()
        if gone := self._absence.confirmed:
            self._say_lost("shard_gone", read_to=self._start.sequence_number, first=None)
        return Batch(Stretch(), at_tip=False, ended=gone)


async def iterator_of(client: "KinesisClient", stream: str, shard_id: ShardId, start: Start) -> str:
    """A new iterator; it lives five minutes."""
    request: Any = {"StreamName": stream, "ShardId": shard_id, "ShardIteratorType": start.type}
    if start.sequence_number is not None:
        request["StartingSequenceNumber"] = start.sequence_number
    if start.timestamp is not None:
        request["Timestamp"] = datetime_of(start.timestamp)
    iterator: str = required(await client.get_shard_iterator(**request), "ShardIterator")
    return iterator


def records_of(shard_id: ShardId, raw: Sequence[Any]) -> Stretch:
    """The records of producers in what GetRecords returned, aggregates taken apart."""
    return Stretch([_run_of(shard_id, record) for record in raw])


def _run_of(shard_id: ShardId, record: Any) -> Run:
    users = unpack(data_of(record), "")  # the keys are not used: a record may come without one
    number, arrived_at = sequence_number_of(record), arrival_of(record)
    return Run(shard_id, number, 0, arrived_at, users.data, users.begins, users.ends)


def behind(checkpoint: Checkpoint, records: Stretch) -> Stretch:
    """Those of some records that stand behind a checkpoint: but for some of the first aggregate, as a rule all."""
    covered = takewhile(lambda record: checkpoint.covers(record.position), records)
    count = sum(1 for _ in covered)
    return records[count:] if count else records


def records_to_ask_for(raw: Sequence[Any], records_max: int) -> int:
    """How many records the next read asks for, so that records of the last one's size give `READ_BYTES_AIM`."""
    mean_bytes = sum(len(data_of(record)) for record in raw) // len(raw) + 1
    return max(1, min(records_max, READ_BYTES_AIM // mean_bytes))
