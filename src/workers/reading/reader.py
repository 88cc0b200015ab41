"""Reading one shard by polling: from a checkpoint on, record by record of its producers, at the pace that it allows.

The stream is polled, never followed ahead of the caller: whoever does not ask for the next batch holds nothing in
memory. Readers that poll share a shard's limits (`budget.py`, `pace.py`); `fan_out.py` is the other way to read.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from txn_core.aws.errors import code_of
from txn_core.aws.types import KinesisClient
from txn_core.kinesis.record_batch import RecordBatch
from txn_core.kinesis.stream_limits import ReadLimit
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint
from workers.leases.shards import Absence
from workers.reading.answers import data_of, raw_records, required
from workers.reading.budget import ENTIRE_SHARD, ReadShare
from workers.reading.pace import ReadPace
from workers.reading.read_position import Loss, ReadPosition, Start, uncounted
from workers.retries import retry_outages

READ_BYTES_AIM: Final = 2 << 20  # aggregated records are large: the number asked for follows their size
RECORDS_FIRST: Final = 50
THROTTLE_JITTER: Final = 0.5  # readers that met at a limit do not meet there again

SHARD_SYNC_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read gave. `at_tip`: nothing more stood in the shard. `ended`: nothing more ever will.

    `behind_s`: how far from the tip the read ended, by the stream's own account.
    """

    records: RecordBatch
    at_tip: bool
    ended: bool
    behind_s: float = 0.0


class ShardReader:
    """Reads a shard in order, each position behind the checkpoint once. `lost` is told of what retention took."""

    def __init__(
        self,
        client: KinesisClient,
        stream: str,
        shard_id: ShardId,
        checkpoint: Checkpoint,
        *,
        records_max: int,
        idle_s: float,
        share: ReadShare = ENTIRE_SHARD,
        shard_sync_s: float = SHARD_SYNC_S,
        lost: Callable[[Loss], None] = uncounted,
    ) -> None:
        self._client, self._stream, self._shard_id = client, stream, shard_id
        self._records_max = records_max
        self._pace = ReadPace(share, idle_s_max=idle_s)
        self._absence = Absence(client, stream, shard_id, pause_s=shard_sync_s)
        self._position = ReadPosition(shard_id, checkpoint, lost)
        self._iterator: str | None = None
        self._limit = min(records_max, RECORDS_FIRST)
        self._not_before_s = 0.0

    @property
    def limit(self) -> ReadLimit | None:
        """What of the shard's limits holds the reader up just now, if anything does."""
        return self._pace.limit

    async def close(self) -> None:
        """Nothing is open between two reads."""

    async def read(self) -> Batch:
        """The next records, after the pause that is due; none at the tip. Cancelling it loses nothing."""
        if (answer := await retry_outages(f"read {self._shard_id}", self._answer)) is None:
            return self._without_shard()
        raw = raw_records(answer)
        self._iterator = answer.get("NextShardIterator")
        records = self._position.taken(raw, ended=self._iterator is None)
        if raw:
            self._limit = records_to_ask_for(raw, self._records_max)
        behind_s = (answer.get("MillisBehindLatest") or 0) / 1000
        at_tip = not raw and not behind_s
        if at_tip:
            self._position.saw_tip()
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
            self._iterator = await iterator_of(self._client, self._stream, self._shard_id, self._position.start)
            self._position.begun()
        answer = await self._client.get_records(ShardIterator=self._iterator, Limit=self._limit)
        raw_records(answer)  # a broken answer is no answer: it is asked for again
        self._absence.refute()
        return answer

    def _without_shard(self) -> Batch:
        """Nothing while the stream seems to lack the shard; its end when that is sure: all is past retention then."""
        self._not_before_s += self._pace.after_nothing()
        if gone := self._absence.confirmed:
            self._position.shard_gone()
        return Batch(RecordBatch(), at_tip=False, ended=gone)


async def iterator_of(client: KinesisClient, stream: str, shard_id: ShardId, start: Start) -> str:
    """A new iterator; it lives five minutes."""
    names = {"Type": "ShardIteratorType", "SequenceNumber": "StartingSequenceNumber"}
    place: Any = {names.get(name, name): value for name, value in start.position.items()}
    answer = await client.get_shard_iterator(StreamName=stream, ShardId=shard_id, **place)
    return str(required(answer, "ShardIterator"))


def records_to_ask_for(raw: Sequence[Any], records_max: int) -> int:
    """How many records the next read asks for, so that records of the last one's size give `READ_BYTES_AIM`."""
    mean_bytes = sum(len(data_of(record)) for record in raw) // len(raw) + 1
    return max(1, min(records_max, READ_BYTES_AIM // mean_bytes))
