"""The producer under all that may happen at once, in virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.chaos import examples
from tests.support.fake_kinesis import UNREACHABLE, FakeKinesis, Fate, Reply, Stored, client_error
from tests.support.virtual_time import run_in_virtual_time
from tests.txn_core.kinesis.producer_fixture import DEADLINE_S, LOST, ProducerFixture
from txn_core.exceptions import BufferFullError, NotStoredError, OutcomeUnknownError
from txn_core.kinesis.landing import Landing

BUFFER_BYTES: Final = 1 << 20
CARDS: Final = "abcdef"
SHARDS: Final = 2
ROUNDING_S: Final = 1e-9  # times are sums of floats


@dataclass(frozen=True)
class SenderPatience:
    """A record that is handed over, by which of the producer's methods, and how long its waiter waits."""

    after_s: float
    key: str
    size: int
    patience_s: float | None
    by: str


@dataclass(frozen=True)
class Happening:
    """What happens to the stream itself, and when."""

    at_s: float
    kind: str
    index: int

    def happen(self, kinesis: FakeKinesis) -> None:
        """Change the stream."""
        shards = kinesis.open_shards
        index = self.index % len(shards)
        if self.kind == "split":
            kinesis.split(index)
        elif self.kind == "merge" and len(shards) > 1:
            kinesis.merge(min(index, len(shards) - 2))
        elif self.kind == "throttle":
            kinesis.fates[shards[index].shard_id] = Fate.THROTTLED
        elif self.kind == "stall":
            kinesis.delays_s[shards[index].shard_id] = 1e6
        elif self.kind == "unlisted":
            kinesis.listing_errors += [UNREACHABLE, client_error("LimitExceededException")]
        else:
            kinesis.fates.clear()
            kinesis.delays_s.clear()


@dataclass(frozen=True)
class ProducerRun:
    """All that a run is made of."""

    arrival_minutes: Sequence[SenderPatience]
    happenings: Sequence[Happening]
    script: Sequence[Reply]
    requests: int
    by_shards: bool
    closes_after_s: float | None
    """From the first arrival on; none for a close behind the last."""
    close_deadline_s: float


@dataclass
class Handed:
    """A record that the producer took, or refused for want of room."""

    key: str
    data: bytes
    at_s: float
    future: "asyncio.Future[Landing] | None" = None
    answers: list[float] = field(default_factory=list)

    @property
    def landing(self) -> Landing | None:
        """Where it landed, if that was answered."""
        if self.future is None or self.future.cancelled() or self.future.exception() is not None:
            return None
        return self.future.result()


_PAUSES = st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 2.0, 6.0])
_ARRIVALS = st.builds(
    SenderPatience,
    after_s=_PAUSES,
    key=st.sampled_from(CARDS),
    size=st.sampled_from([20, 20, 20, 200_000]),
    patience_s=st.sampled_from([None, None, None, 0.0, 1.0]),
    by=st.sampled_from(["submit", "submit", "submit_all", "offer"]),
)
_HAPPENINGS = st.builds(
    Happening,
    at_s=st.floats(0.0, 20.0),
    kind=st.sampled_from(["split", "split", "merge", "throttle", "stall", "unlisted", "mend", "mend"]),
    index=st.integers(0, 3),
)
_FATES = st.lists(st.sampled_from([Fate.LANDS, *Fate]), max_size=4)
_ERRORS = st.sampled_from(
    [
        LOST,
        UNREACHABLE,
        client_error("ThrottlingException"),
        client_error("InternalFailure", 500),
        client_error("AccessDeniedException"),
        client_error("ValidationException"),
    ]
)


@st.composite
def _replies(draw: st.DrawFn) -> Reply:
    error = draw(st.none() | _ERRORS)
    # Only an error that leaves doubt may have stored anything.
    doubtful = error is LOST or (error is not None and "InternalFailure" in str(error))
    return Reply(
        fates=draw(_FATES),
        error=error,
        stores=doubtful and draw(st.booleans()),
        stores_late_s=draw(st.sampled_from([0.0, 0.0, 4.0])),
        after_s=draw(_PAUSES | st.just(1e6)),
        forgets=draw(st.sampled_from([0, 0, 0, 1])),
    )


_RUNS = st.builds(
    ProducerRun,
    arrival_minutes=st.lists(_ARRIVALS, min_size=1, max_size=30),
    happenings=st.lists(_HAPPENINGS, max_size=6),
    script=st.lists(_replies(), max_size=12),
    requests=st.integers(1, 3),
    by_shards=st.booleans(),
    closes_after_s=st.none() | st.floats(0.0, 20.0),
    close_deadline_s=st.sampled_from([0.0, 3.0, 25.0]),
)


@given(_RUNS)
@settings(max_examples=examples(150), deadline=None)
def test_whatever_the_stream_does(run: ProducerRun) -> None:
    """Each record is answered once and truly, in its card's order, within bounds; nothing is left behind."""
    run_in_virtual_time(_check(run))


async def _check(run: ProducerRun) -> None:
    desk = ProducerFixture.on(*run.script, requests=run.requests, shards=SHARDS, buffer_bytes=BUFFER_BYTES)
    if run.by_shards:
        await desk.producer.route_by_shards()
    loop = asyncio.get_running_loop()
    for happening in run.happenings:
        loop.call_later(happening.at_s, happening.happen, desk.kinesis)
    closing = asyncio.create_task(_close_early(desk, run)) if run.closes_after_s is not None else None
    handed = [await _hand_over(desk, number, arrival) for number, arrival in enumerate(run.arrival_minutes)]
    await (closing or desk.producer.close(run.close_deadline_s))
    assert all(record.future is None or record.future.done() for record in handed)
    await asyncio.sleep(60)  # whatever still stores late has done so
    desk.assert_idle()
    for record in handed:
        _check_answer(desk.kinesis, record)
    for key in CARDS:
        _check_order(desk.kinesis, [record for record in handed if record.key == key])


async def _close_early(desk: ProducerFixture, run: ProducerRun) -> None:
    await asyncio.sleep(run.closes_after_s or 0.0)
    began_s = asyncio.get_running_loop().time()
    await desk.producer.close(run.close_deadline_s)
    assert asyncio.get_running_loop().time() <= began_s + run.close_deadline_s + ROUNDING_S


async def _hand_over(desk: ProducerFixture, number: int, arrival: SenderPatience) -> Handed:
    await asyncio.sleep(arrival.after_s)
    bytes_before, loop = desk.producer.buffered_bytes, asyncio.get_running_loop()
    record = Handed(arrival.key, b"%d." % number + bytes(arrival.size), loop.time())
    try:
        record.future = _entrust(desk, record, arrival.by)
    except (BufferFullError, NotStoredError):
        record.future = None
    if record.future is None:
        assert desk.producer.buffered_bytes == bytes_before
        return record
    assert bytes_before < desk.producer.buffered_bytes <= BUFFER_BYTES
    record.future.add_done_callback(lambda future: record.answers.append(loop.time()))
    if arrival.patience_s is not None:
        loop.call_later(arrival.patience_s, record.future.cancel)
    return record


def _entrust(desk: ProducerFixture, record: Handed, by: str) -> "asyncio.Future[Landing] | None":
    """Hand over a record in one of the three ways; none, or what refused it is raised, if it was not taken."""
    if by == "submit":
        return desk.producer.submit(record.key, record.data)
    if by == "offer":
        return desk.producer.offer(record.key, record.data)
    answer: asyncio.Future[Landing] = asyncio.get_running_loop().create_future()
    desk.producer.submit_all([(record.key, record.data, answer)])
    if answer.done() and (refusal := answer.exception()) is not None:
        raise refusal
    return answer


def _check_answer(kinesis: FakeKinesis, record: Handed) -> None:
    if record.future is None:
        assert record.data not in kinesis.data
        return
    [answered_at_s] = record.answers
    assert answered_at_s <= record.at_s + DEADLINE_S
    if record.future.cancelled():
        return
    error = record.future.exception()
    if error is None:
        place = record.future.result()[:3]
        [stored] = [each for each in kinesis.stored if _place(each) == place]
        assert (stored.key, stored.data) == (record.key, record.data)
    elif isinstance(error, NotStoredError):
        assert record.data not in kinesis.data
    else:
        assert isinstance(error, OutcomeUnknownError)


def _place(stored: Stored) -> tuple[str, str, int]:
    return stored.shard_id, stored.sequence_number, stored.sub_sequence_number


def _check_order(kinesis: FakeKinesis, card: Sequence[Handed]) -> None:
    """First occurrences, over all shards: a card's next record is not sent before its previous one is settled."""
    acknowledged = [record.data for record in card if record.landing is not None]
    places = [kinesis.data.index(data) for data in acknowledged]
    assert places == sorted(places)
