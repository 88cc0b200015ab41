"""Reading one shard by enhanced fan-out: Kinesis pushes its records to a registered consumer.

A subscription lives five minutes, or until something ends it. The next one begins at the last record that was given,
as an iterator does that expired, so that nothing is missed and nothing is given twice. Within five seconds of the
last subscription Kinesis refuses a further one: whoever takes over a shard, or was cut off early, asks again.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from botocore.exceptions import ClientError

from txn_core.aws.errors import code_of
from txn_core.aws.types import KinesisClient
from txn_core.kinesis.record_batch import RecordBatch
from txn_core.kinesis.stream_limits import ReadLimit
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint
from workers.leases.shards import Absence
from workers.reading.answers import BrokenAnswerError, raw_records
from workers.reading.read_position import Loss, ReadPosition, uncounted
from workers.reading.reader import SHARD_SYNC_S, Batch
from workers.reading.subscription import Subscription
from workers.retries import retry_outages

CALLS_APART_S: Final = 1.0  # Kinesis takes one SubscribeToShard call a second for a consumer and shard
CALLS_JITTER: Final = 0.5
IDLE_S_MAX: Final = 10.0
REFUSALS_UNSAID: Final = 10  # a hand-over explains some; more say that somebody else reads by this consumer

_log = structlog.get_logger(__name__)


class FanOutReader:
    """Reads a shard in order, each position behind the checkpoint once, as `ShardReader` does by polling."""

    def __init__(
        self,
        client: KinesisClient,
        stream: str,
        consumer_arn: str,
        shard_id: ShardId,
        checkpoint: Checkpoint,
        *,
        idle_s: float,
        shard_sync_s: float = SHARD_SYNC_S,
        lost: Callable[[Loss], None] = uncounted,
    ) -> None:
        self._client, self._consumer_arn, self._shard_id = client, consumer_arn, shard_id
        self._idle_s = min(idle_s, IDLE_S_MAX)
        self._position = ReadPosition(shard_id, checkpoint, lost)
        self._absence = Absence(client, stream, shard_id, pause_s=shard_sync_s)
        self._subscription: Subscription | None = None
        self._not_before_s = 0.0
        self._refusals = 0
        self._behind_s = 0.0

    async def read(self) -> Batch:
        """The records of the next event; none after a while without one. Cancelling it loses nothing."""
        return await retry_outages(f"subscribe {self._shard_id}", self._read)

    @property
    def limit(self) -> ReadLimit | None:
        """Nothing that others read holds this reader up: a consumer has a shard's 2 MB a second for itself."""
        return None

    async def close(self) -> None:
        """End the subscription, so that another process may read the shard."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.close()

    async def _read(self) -> Batch:
        if self._subscription is None:
            await self._subscribe()
        if self._absence.confirmed:
            self._position.shard_gone()
            return Batch(RecordBatch(), at_tip=False, ended=True)
        if self._subscription is None:
            return self._nothing()
        try:
            if event := await self._subscription.event(within_s=self._idle_s):
                return self._batch(event)
        except Exception:
            await self.close()
            raise
        if event is None:
            await self.close()
        return self._nothing()

    async def _subscribe(self) -> None:
        """Subscribe; there is no subscription afterwards where Kinesis does not give one yet, or lacks the shard."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._not_before_s - loop.time())
        jitter = 1.0 + CALLS_JITTER * random.random()  # noqa: S311 - keeps those apart who wait for one shard
        self._not_before_s = loop.time() + CALLS_APART_S * jitter
        try:
            self._subscription = await Subscription.begin(
                self._client, self._consumer_arn, self._shard_id, self._position.start
            )
        except ClientError as error:
            match code_of(error):
                case "ResourceInUseException":
                    self._refused()
                case "ResourceNotFoundException" if await self._absence.suspected():
                    pass
                case _:
                    raise
        else:
            self._refusals = 0
            self._absence.refute()
            self._position.begun()

    def _refused(self) -> None:
        self._refusals += 1
        if self._refusals % REFUSALS_UNSAID == 0:
            _log.warning("subscription_in_use", shard=self._shard_id, consumer=self._consumer_arn)

    def _batch(self, event: Mapping[str, Any]) -> Batch:
        """What an event holds.

        Raises:
            BrokenAnswerError: it says neither how to go on nor that the shard has ended.
        """
        raw, ended = raw_records(event), bool(event.get("ChildShards"))
        if not (ended or event.get("ContinuationSequenceNumber")):
            raise BrokenAnswerError("an event of Kinesis lacks ContinuationSequenceNumber")
        self._behind_s = (event.get("MillisBehindLatest") or 0) / 1000
        if not self._behind_s:
            self._position.saw_tip()
        records = self._position.taken(raw, ended=ended)
        return Batch(records, at_tip=not raw and not self._behind_s, ended=ended, behind_s=self._behind_s)

    def _nothing(self) -> Batch:
        """Nothing new; nor is it said that this is the tip, which only the stream can say."""
        return Batch(RecordBatch(), at_tip=False, ended=False, behind_s=self._behind_s)
