"""The producer: one per process, through which concurrent requests share PutRecords calls.

There is no linger. An idle producer sends at once; while its calls are under way, what arrives gathers and makes
the next batch. Each record resolves on its own result, only failed records are sent again, and a lane (one card)
has one record under way at a time, so that its order survives partial failures. The buffer is bounded in bytes,
every record has a deadline, and every way out says honestly whether the record may be on the stream.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry

from txn_core.errors import BufferFullError, NotStoredError, OutcomeUnknownError, ProducerError
from txn_core.kinesis.lanes import RECORD_BYTES_MAX, Landing, Lanes, Pending, State
from txn_core.kinesis.outcomes import (
    ATTEMPT_ERRORS,
    Doubt,
    Failed,
    Outcome,
    outcome_of_error,
    outcomes_of_answer,
)
from txn_core.kinesis.producer_metrics import ProducerMetrics

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient
    from types_aiobotocore_kinesis.type_defs import PutRecordsRequestEntryTypeDef

BACKOFF_FIRST_S: Final = 0.05
BACKOFF_MAX_S: Final = 1.0
RETRY_AFTER_S: Final = 1
# A bulk upload leaves this part of the buffer to single requests.
BULK_SHARE: Final = 0.5


class Producer:
    """Puts records on one stream. `put` may be called by any number of tasks of one event loop."""

    def __init__(
        self,
        client: "KinesisClient",
        stream: str,
        *,
        buffer_bytes_max: int,
        requests_in_flight_max: int,
        deadline_s: float,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._client, self._stream = client, stream
        self._buffer_bytes_max, self._requests_max = buffer_bytes_max, requests_in_flight_max
        self._deadline_s = deadline_s
        self._metrics = ProducerMetrics(registry or CollectorRegistry())
        self._lanes = Lanes()
        self._bytes = 0
        self._requests: set[asyncio.Task[None]] = set()
        self._by_deadline: deque[Pending] = deque()
        self._expiry: asyncio.TimerHandle | None = None
        self._pump_due = False
        self._closing = False
        self._settled = asyncio.Event()

    @property
    def buffered_bytes(self) -> int:
        """Bytes of the records that are not settled."""
        return self._bytes

    def submit(self, key: str, data: bytes) -> "asyncio.Future[Landing]":
        """Hand over a record; records of one key keep the order in which they were handed over.

        The future ends in the record's landing, in `NotStoredError` or in `OutcomeUnknownError`, no later than
        the deadline. Cancelling it gives up the answer, not the record.

        Raises:
            BufferFullError: nothing was buffered; come back later.
            NotStoredError: the record is larger than Kinesis takes, or the producer is closing.
        """
        record = Pending(key, data, self._now() + self._deadline_s, asyncio.get_running_loop().create_future())
        if record.size > RECORD_BYTES_MAX:
            raise NotStoredError("RecordTooLarge")
        if self._closing:
            raise NotStoredError("ShuttingDown")
        if self._bytes + record.size > self._buffer_bytes_max:
            self._metrics.refused.inc()
            raise BufferFullError(RETRY_AFTER_S)
        self._bytes += record.size
        self._metrics.received.inc()
        self._metrics.pending.inc()
        while self._by_deadline and self._by_deadline[0].state is State.SETTLED:
            self._by_deadline.popleft()
        self._by_deadline.append(record)
        self._lanes.add(record)
        self._watch_deadlines()
        self._schedule_pump()
        return record.answer

    async def put(self, key: str, data: bytes) -> Landing:
        """Hand over a record and wait for its landing; errors as `submit`."""
        return await self.submit(key, data)

    async def room(self) -> None:
        """Wait until a bulk upload may hand over its next record without crowding out single requests."""
        while self._bytes > self._buffer_bytes_max * BULK_SHARE and not self._closing:
            self._settled.clear()
            await self._settled.wait()

    async def close(self, deadline_s: float) -> None:
        """Take nothing more, drain within the deadline, and answer whoever still waits after it."""
        self._closing = True
        self._settled.set()
        try:
            async with asyncio.timeout(deadline_s):
                while self._bytes:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            for record in self._by_deadline:
                self._give_up(record, "ShuttingDown")
        if self._expiry is not None:
            self._expiry.cancel()
        for request in self._requests:
            request.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _schedule_pump(self) -> None:
        """Send once all that arrived in this turn of the loop is queued."""
        if not self._pump_due:
            self._pump_due = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        while len(self._requests) < self._requests_max and self._lanes.ready:
            if batch := self._lanes.take():
                request = asyncio.create_task(self._send(batch))
                self._requests.add(request)
                request.add_done_callback(self._request_done)

    def _request_done(self, request: "asyncio.Task[None]") -> None:
        self._requests.discard(request)
        self._schedule_pump()
        if not request.cancelled() and (error := request.exception()) is not None:
            # A fault of our own code: nobody may wait for ever because of it.
            asyncio.get_running_loop().call_exception_handler({"message": "producer failed", "exception": error})

    async def _send(self, batch: Sequence[Pending]) -> None:
        outcomes: Sequence[Outcome] = [Failed("Cancelled", Doubt.PERHAPS_STORED)] * len(batch)
        try:
            outcomes = await self._attempt(batch)
        finally:
            for record, outcome in zip(batch, outcomes, strict=True):
                self._resolve(record, outcome)

    async def _attempt(self, batch: Sequence[Pending]) -> Sequence[Outcome]:
        entries: list[PutRecordsRequestEntryTypeDef] = [
            {"Data": record.data, "PartitionKey": record.key} for record in batch
        ]
        self._metrics.requests.inc()
        try:
            # The client bounds each of its waits but not their sum: an answer that trickles in would hold the lanes.
            with self._metrics.request_s.time():
                async with asyncio.timeout(self._deadline_s):
                    answer = await self._client.put_records(StreamName=self._stream, Records=entries)
        except ATTEMPT_ERRORS as error:
            return [outcome_of_error(error)] * len(batch)
        return outcomes_of_answer(answer, len(batch))

    def _resolve(self, record: Pending, outcome: Outcome) -> None:
        record.attempts += 1
        if isinstance(outcome, Landing):
            self._metrics.put.inc()
            self._settle(record, outcome)
            self._lanes.release(record.key)
            return
        self._metrics.errors.labels(outcome.code).inc()
        record.errors.append(outcome.code)
        record.ambiguous |= outcome.doubt is Doubt.PERHAPS_STORED
        if record.state is State.SETTLED:  # its waiter has had its answer: it is not sent again
            self._lanes.release(record.key)
        elif outcome.doubt is Doubt.HOPELESS:
            record.state = State.QUEUED
            self._give_up(record, outcome.code)
            self._lanes.release(record.key)
        else:
            self._metrics.retries.inc()
            self._lanes.put_back(record)
            asyncio.get_running_loop().call_later(_backoff_s(record.attempts), self._reopen, record.key)

    def _reopen(self, key: str) -> None:
        self._lanes.release(key)
        self._schedule_pump()

    def _settle(self, record: Pending, result: Landing | ProducerError) -> None:
        """Answer a record's waiter and free its bytes, once."""
        if record.state is not State.SETTLED:
            record.state = State.SETTLED
            record.data = b""
            self._bytes -= record.size
            self._metrics.pending.dec()
            self._settled.set()
        if record.answer.done():
            return
        if isinstance(result, Landing):
            record.answer.set_result(result)
        else:
            record.answer.set_exception(result)

    def _give_up(self, record: Pending, reason: str) -> None:
        """End a record without a landing, saying what is known of it."""
        if record.state is State.SETTLED:
            return
        if record.state is State.IN_FLIGHT or record.ambiguous:
            self._settle(record, OutcomeUnknownError(reason))
        else:
            self._settle(record, NotStoredError(reason))

    def _watch_deadlines(self) -> None:
        """Wake at the oldest record's deadline: all records wait equally long, so they expire in order."""
        if self._expiry is None and self._by_deadline:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_at(self._by_deadline[0].deadline, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        now = self._now()
        while self._by_deadline and (
            self._by_deadline[0].state is State.SETTLED or self._by_deadline[0].deadline <= now
        ):
            record = self._by_deadline.popleft()
            if record.state is not State.SETTLED:
                self._metrics.expired.inc()
                self._give_up(record, "DeadlineExceeded")
        self._watch_deadlines()


def _backoff_s(attempts: int) -> float:
    """Exponential with full jitter, so that what failed together does not come back together."""
    return random.uniform(0, min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** (attempts - 1)))  # noqa: S311 - no secret
