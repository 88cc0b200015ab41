"""The producer: one per process, through which concurrent requests share PutRecords calls.

There is no linger. An idle producer sends at once; while its calls are under way, what arrives gathers and makes
the next batch. What waits for one shard travels as one Kinesis record, and a shard's next record is not sent before
its previous one is settled, so that a card's order survives partial failures. Only failed records are sent again.

The buffer is bounded in bytes, in total and a lane; whoever could not make the deadline is refused at once. Every
record has a deadline, and every way out says honestly whether the record may be on the stream.

A shard that throttles, fails or answers slowly is in nobody's way: it pauses by itself, and its records travel in
requests of their own, which leave one to the others, until one of them lands in time. Such shards share a request
only when they are more than these requests.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, Self, cast

import structlog
from prometheus_client import CollectorRegistry

from txn_core.aws.errors import THROTTLES
from txn_core.aws.types import KinesisClient, PutRecordsRequestEntryTypeDef
from txn_core.exceptions import BufferFullError, NotStoredError, OutcomeUnknownError
from txn_core.kinesis.admission import BULK_SHARE, Admission
from txn_core.kinesis.call_rate import CallRate
from txn_core.kinesis.deadlines import Deadlines
from txn_core.kinesis.landing import NOBODY, Attempt, DeliverySink, Landing
from txn_core.kinesis.lane import IN_FLIGHT, SETTLED, Lane, Parcel, Pending
from txn_core.kinesis.lanes import Lanes
from txn_core.kinesis.map_keeper import ShardMapKeeper
from txn_core.kinesis.outcomes import Doubt, Failed, Outcome
from txn_core.kinesis.producer_metrics import ProducerMetrics
from txn_core.kinesis.routing import Routing
from txn_core.kinesis.sender import Sender
from txn_core.kinesis.stream_limits import Limits
from txn_core.settings import Settings

BACKOFF_FIRST_S: Final = 0.05
BACKOFF_MAX_S: Final = 1.0
BACKOFF_DOUBLINGS_MAX: Final = 10  # the longest pause is reached long before; 2 ** 1024 is no float any more
FEW_RECORDS: Final = 32  # so few are not worth a wait for more
SAY_EVERY_S: Final = 1.0
REROUTE_S_MAX: Final = 1.0  # requests under way are waited for so long before a new shard map is taken over

_log = structlog.get_logger()


class Producer:
    """Puts records on one stream. `submit` may be called by any number of tasks of one event loop.

    It starts with a lane a partition key; `route_by_shards` turns aggregation on.
    """

    def __init__(
        self,
        client: KinesisClient,
        stream: str,
        *,
        buffer_bytes_max: int,
        requests_in_flight_max: int,
        deadline_s: float,
        limits: Limits | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._deadline_s = deadline_s
        self._requests_max = requests_in_flight_max
        self._limits = limits or Limits()
        self._lanes = Lanes(self._limits)
        self._admission = Admission(buffer_bytes_max, deadline_s)
        self._deadlines = Deadlines()
        self._metrics = ProducerMetrics(registry or CollectorRegistry(), self._lanes)
        self._sender = Sender(client, stream, attempt_s_max=deadline_s, metrics=self._metrics)
        self._keeper = ShardMapKeeper(client, stream, self._reroute)
        self._next_routing: Routing | None = None
        self._requests: set[asyncio.Task[Sequence[Outcome]]] = set()
        self._suspect_requests = 0
        self._call_rate = CallRate()
        self._gathering: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._pump_due = False
        self._closing = False
        self._progress = asyncio.Event()
        self._say_again_at = 0.0

    @classmethod
    def from_settings(
        cls, client: KinesisClient, settings: Settings, registry: CollectorRegistry | None = None
    ) -> Self:
        """The producer of a process."""
        return cls(
            client,
            settings.stream,
            buffer_bytes_max=settings.buffer_bytes_max,
            requests_in_flight_max=settings.put_requests_in_flight_max,
            deadline_s=settings.request_deadline_s,
            limits=Limits(settings.stream_record_bytes_max, settings.put_request_bytes_max),
            registry=registry,
        )

    @property
    def buffered_bytes(self) -> int:
        """Bytes of the records that are not settled."""
        return self._lanes.bytes_held

    async def route_by_shards(self) -> None:
        """Learn the stream's shards, pack what waits for each, and keep the map fresh until `close`.

        Raises:
            StoreError: the shards cannot be listed.
        """
        await self._keeper.start()

    def submit(self, key: str, data: bytes) -> "asyncio.Future[Landing]":
        """Hand over a record; records of one key keep the order in which they were handed over.

        The future ends in the record's landing, in `NotStoredError` or in `OutcomeUnknownError`, no later than the
        deadline. Cancelling it gives up the answer, not the record.

        Raises:
            BufferFullError: nothing was buffered; come back later.
            NotStoredError: Kinesis does not take such a record, or the producer is closing.
        """
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        if (retry_after_s := self._take(key, data, answer, loop.time())) is not None:
            self._metrics.refused += 1
            raise BufferFullError(retry_after_s)
        return answer

    def submit_all(self, records: "Iterable[tuple[str, bytes, DeliverySink]]") -> None:
        """Hand over many records as `submit` does; each answer is told its record's landing or what refused it."""
        now = asyncio.get_running_loop().time()
        for key, data, answer in records:
            try:
                retry_after_s = self._take(key, data, answer, now)
            except Exception as refusal:  # noqa: BLE001 - this record's alone, be it a fault of our own: the others go on
                _refuse(answer, refusal)
                continue
            if retry_after_s is not None:
                self._metrics.refused += 1
                _refuse(answer, BufferFullError(retry_after_s))

    async def put(self, key: str, data: bytes) -> Landing:
        """Hand over a record and wait for its landing; errors as `submit`."""
        return await self.submit(key, data)

    def offer(self, key: str, data: bytes) -> "asyncio.Future[Landing] | None":
        """Hand over a record of a bulk upload as `submit` does, or none if it would crowd out single requests.

        What is larger than bulk's share is taken when nothing else of it is held.

        Raises:
            NotStoredError: as `submit`.
        """
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        if self._take(key, data, answer, loop.time(), BULK_SHARE) is None:
            return answer
        return self.submit(key, data) if self._has_room(key) else None

    async def room(self, key: str) -> None:
        """Wait until a bulk upload may offer a record of this key again."""
        while not self._closing and not self._has_room(key):
            self._progress.clear()
            await self._progress.wait()

    def _take(self, key: str, data: bytes, answer: DeliverySink, now: float, share: float = 1.0) -> int | None:
        """Queue a record, or give the seconds after which to come back."""
        size = len(data) + (len(key) if key.isascii() else len(key.encode()))
        if reason := "ShuttingDown" if self._closing else self._limits.refusal(key, size):
            raise NotStoredError(reason)
        lanes = self._lanes
        lane = lanes.of(key)
        if (retry_after_s := self._admission.refusal(lanes.bytes_held, lane, size, now, share)) is not None:
            return retry_after_s
        record = Pending(key, data, size, now + self._deadline_s, answer, lane)
        lanes.add(record)
        self._deadlines.add(record, lanes.count)
        self._metrics.received += 1
        if self._expiry is None:
            self._watch_deadlines()
        if not self._pump_due:
            self._schedule_pump()
        return None

    async def close(self, deadline_s: float) -> None:
        """Take nothing more, drain within the deadline, and answer whoever still waits after it."""
        self._closing = True
        self._progress.set()
        await self._keeper.stop()
        try:
            async with asyncio.timeout(deadline_s):
                while self._lanes.count:
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            self._give_up(self._deadlines.unsettled(), "ShuttingDown")
        for timer in (self._expiry, self._gathering):
            if timer is not None:
                timer.cancel()
        self._cut_off()
        await asyncio.gather(*self._requests, return_exceptions=True)

    def _has_room(self, key: str) -> bool:
        now, lanes = asyncio.get_running_loop().time(), self._lanes
        return self._admission.refusal(lanes.bytes_held, lanes.of(key), 0, now, BULK_SHARE) is None

    # Sending

    def _schedule_pump(self) -> None:
        """Send once all that arrived in this turn of the loop is queued."""
        if not self._pump_due:
            self._pump_due = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        if self._next_routing is not None:
            return  # a card may change its lane only while nothing of it is under way
        now = asyncio.get_running_loop().time()
        self._hold_back(now)
        while len(self._requests) < self._requests_max:
            shared, suspects_max = self._may_share(now), self._suspects_a_request()
            if not (parcels := self._lanes.take(shared=shared, suspects_max=suspects_max)):
                return
            self._start_request(parcels)

    def _may_share(self, now: float) -> bool:
        """Whether a request of several lanes may go; few records always may when there is no such one under way."""
        alone = len(self._requests) == self._suspect_requests
        if (alone and self._lanes.sendable <= FEW_RECORDS) or (wait_s := self._call_rate.wait_s(now)) <= 0:
            return True
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(wait_s, self._gathered)
        return False

    def _gathered(self) -> None:
        self._gathering = None
        self._schedule_pump()

    def _suspects_a_request(self) -> int:
        """How many suspects the next request may hold: one, while there are requests enough for each to go alone.

        One request is left to the others. Suspects that are many share the rest, since alone they would wait for
        their turn longer than for each other; whoever lands in time is none any more.
        """
        free = max(1, self._requests_max - 1) - self._suspect_requests
        suspects = sum(lane.suspect for lane in self._lanes.ready)
        return -(-suspects // free) if free > 0 else 0

    def _start_request(self, parcels: Sequence[Parcel]) -> None:
        now = asyncio.get_running_loop().time()
        for parcel in parcels:
            parcel.lane.sent(now)
            if parcel.lane.pace is not None:
                parcel.lane.pace.spend(parcel.size, now)
            self._metrics.buffering.observe(now - parcel.records[0].deadline + self._deadline_s)
        if parcels[0].lane.suspect:
            self._suspect_requests += 1
        else:
            self._call_rate.spend(now)
        # Packed now: a record that expires before the task begins has no data any more.
        routing = self._lanes.routing
        entries = [routing.entry(parcel.lane.name, parcel.records) for parcel in parcels]
        request = asyncio.create_task(self._send(parcels, entries))
        self._requests.add(request)
        # Not the task itself: one that is cancelled before it began has no chance to.
        request.add_done_callback(partial(self._end_request, parcels, now))

    def _hold_back(self, now: float) -> None:
        """Pause the lanes whose shard's pace says wait."""
        for lane in self._lanes.ready:
            if lane.pace is not None and (wait_s := lane.pace.wait_s(now)) > 0:
                self._pause(lane, wait_s)

    def _pause(self, lane: Lane, seconds: float) -> None:
        self._lanes.close(lane)
        lane.reopening = asyncio.get_running_loop().call_later(seconds, self._reopen, lane)

    def _reopen(self, lane: Lane) -> None:
        lane.reopening = None
        self._lanes.open(lane)
        self._schedule_pump()

    async def _send(
        self, parcels: Sequence[Parcel], entries: Sequence[PutRecordsRequestEntryTypeDef]
    ) -> Sequence[Outcome]:
        outcomes = await self._sender.put(entries)
        for entry, outcome, parcel in zip(entries, outcomes, parcels, strict=True):
            if isinstance(outcome, Landing):
                self._metrics.landed(len(parcel.records), len(cast("bytes", entry["Data"])))
        return outcomes

    def _end_request(
        self, parcels: Sequence[Parcel], began_at: float, request: "asyncio.Task[Sequence[Outcome]]"
    ) -> None:
        self._requests.discard(request)
        self._suspect_requests -= parcels[0].lane.suspect
        loop = asyncio.get_running_loop()
        for parcel, outcome in zip(parcels, _outcomes_of(request, len(parcels)), strict=True):
            if isinstance(outcome, Landing):
                self._landed(parcel, outcome, loop.time() - began_at)
            else:
                self._failed(parcel, outcome, loop.time() - began_at)
        self._progress.set()
        if self._next_routing is not None and not self._requests:
            self._adopt(self._next_routing)
        self._schedule_pump()

    def _cut_off(self) -> None:
        for request in self._requests:
            request.cancel()

    # Results

    def _landed(self, parcel: Parcel, landing: Landing, took_s: float) -> None:
        lane, shard_id, sequence_number = parcel.lane, landing.shard_id, landing.sequence_number
        for number, record in self._lanes.settle_all(parcel):
            if not record.answer.done():
                record.answer.set_result(Landing(shard_id, sequence_number, number, record.failures))
            record.answer = NOBODY
        now = asyncio.get_running_loop().time()
        lane.succeeded(now, took_s)
        lane.load.add(parcel.size, now)
        # A landing on another shard is a success all the same: nothing is sent again.
        if lane.pace is not None and not self._keeper.landed(lane.name, landing.shard_id):
            self._metrics.misdirected += len(parcel.records)
        self._lanes.open(lane)

    def _failed(self, parcel: Parcel, failed: Failed, took_s: float) -> None:
        lane, attempt = parcel.lane, Attempt(failed.code, took_s)
        self._metrics.errors[failed.code] += 1
        now = asyncio.get_running_loop().time()
        lane.failed(now, took_s, throttled=failed.code in THROTTLES, apart=failed.doubt is Doubt.APART)
        # What was settled meanwhile has had its answer and is not sent again.
        waiting = [record for record in parcel.records if record.state is not SETTLED]
        for record in waiting:
            record.failures += (attempt,)
            record.ambiguous |= failed.doubt is Doubt.PERHAPS_STORED
        self._lanes.put_back(parcel)
        _log.debug("attempt_failed", code=failed.code, records=len(waiting), took_s=round(took_s, 3))
        if failed.doubt is Doubt.HOPELESS:
            self._give_up(waiting, failed.code)
            self._lanes.open(lane)
        elif waiting:
            self._metrics.retries += len(waiting)
            self._pause(lane, _backoff_s(lane.failures))
        else:
            self._lanes.open(lane)

    def _give_up(self, records: Sequence[Pending], reason: str) -> None:
        """End records without a landing, saying what is known of each."""
        self._say_given_up(records, reason)
        for record in records:
            doubtful = record.ambiguous or record.state is IN_FLIGHT
            self._lanes.settle(record)
            if not record.answer.done():
                error = OutcomeUnknownError if doubtful else NotStoredError
                record.answer.set_exception(error(reason, record.failures))
            record.answer = NOBODY
        self._progress.set()

    def _say_given_up(self, records: Sequence[Pending], reason: str) -> None:
        """Log what was tried for one of them; in an outage once in a while, since there the metrics count."""
        now = asyncio.get_running_loop().time()
        if not records or now < self._say_again_at:
            return
        self._say_again_at = now + SAY_EVERY_S
        attempts = [f"{attempt.code} after {attempt.took_s:.3f} s" for attempt in records[0].failures]
        _log.warning("records_given_up", reason=reason, records=len(records), attempts=attempts)

    # Deadlines

    def _watch_deadlines(self) -> None:
        """Wake at the earliest deadline."""
        deadline = self._deadlines.next_at()
        loop = asyncio.get_running_loop()
        self._expiry = None if deadline is None else loop.call_at(deadline, self._expire, deadline)

    def _expire(self, deadline: float) -> None:
        # A timer may come a little early, by the clock's resolution.
        expired = self._deadlines.expired(max(deadline, asyncio.get_running_loop().time()))
        self._metrics.expired += len(expired)
        self._give_up(expired, "DeadlineExceeded")
        self._watch_deadlines()

    # The shard map

    def _reroute(self, routing: Routing) -> None:
        """Take over a routing as soon as nothing is under way, and see to it that this is soon.

        What is cut off for that is in doubt and sent again ahead of its successors, as after a lost answer.
        """
        self._next_routing = routing
        if not self._requests:
            self._adopt(routing)
        else:
            asyncio.get_running_loop().call_later(REROUTE_S_MAX, self._hasten)

    def _hasten(self) -> None:
        if self._next_routing is not None:
            self._cut_off()

    def _adopt(self, routing: Routing) -> None:
        self._next_routing = None
        self._metrics.reroutes += 1
        self._lanes.reroute(routing, asyncio.get_running_loop().time())
        self._schedule_pump()


def _outcomes_of(request: "asyncio.Task[Sequence[Outcome]]", sent: int) -> Sequence[Outcome]:
    if request.cancelled():
        return [Failed("Cancelled", Doubt.PERHAPS_STORED)] * sent
    if (error := request.exception()) is not None:
        # A fault of our own code: nobody may wait for ever because of it.
        request.get_loop().call_exception_handler({"message": "producer failed", "exception": error})
        return [Failed(type(error).__name__, Doubt.PERHAPS_STORED)] * sent
    return request.result()


def _backoff_s(attempts: int) -> float:
    """Exponential with full jitter, so that what failed together does not come back together."""
    doublings = min(attempts - 1, BACKOFF_DOUBLINGS_MAX)
    return random.uniform(0, min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2**doublings))  # noqa: S311 - no secret


def _refuse(answer: DeliverySink, refusal: Exception) -> None:
    """Nobody may be waiting any more."""
    if not answer.done():
        answer.set_exception(refusal)
