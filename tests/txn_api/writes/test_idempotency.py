"""One effect and one answer a key: whoever fails, dies, is slow or has a wrong clock, at whichever point."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from tests.builders import keys
from tests.support.memory_records import LATE_S, Fault, MemoryRecords
from tests.support.virtual_time import in_virtual_time, run_in_virtual_time
from txn_api.problems import IdempotencyKeyInFlight, IdempotencyKeyReused, OutcomeUnknown, Problem, StoreUnavailable
from txn_api.writes.idempotency import ROUNDS_MAX, Bounds, Idempotency, Step, StoredReply, decide
from txn_core.exceptions import NotStoredError, ProducerError
from txn_core.idempotency import Fingerprint, Fingerprints, Record, RecordId
from txn_core.transactions.identity import Account

NOW_S = 1_800_000_000.0
DAY_S = 86_400.0
BOUNDS = Bounds(kept_s=7 * DAY_S, lapse_s=14.0, store_s=2.0)
FINGERPRINTS = Fingerprints.of(keys())

FOUND = Record(
    RecordId("r"), Fingerprint("f"), token="t1", expires_at_s=int(NOW_S + DAY_S), lapses_at_s=NOW_S + BOUNDS.lapse_s
)
CLAIM = replace(FOUND, token="t2")
KEPT = replace(CLAIM, token="t3", answer=b"mine")
ANSWERED = replace(FOUND, answer=b"theirs")


@pytest.mark.parametrize(
    ("found", "for_a_claim", "for_an_answer"),
    [
        (None, Step.WRITE, Step.WRITE),
        (FOUND, Step.IN_FLIGHT, Step.WRITE),
        (replace(FOUND, lapses_at_s=NOW_S), Step.WRITE, Step.WRITE),
        (replace(FOUND, lapses_at_s=0.0), Step.WRITE, Step.WRITE),
        (replace(FOUND, lapses_at_s=NOW_S + 2 * BOUNDS.lapse_s), Step.IN_FLIGHT, Step.WRITE),
        (replace(FOUND, lapses_at_s=NOW_S + 3 * BOUNDS.lapse_s), Step.WRITE, Step.WRITE),
        (ANSWERED, Step.REPLAY, Step.REPLAY),
        (replace(FOUND, fingerprint=Fingerprint("g")), Step.REUSED, Step.REUSED),
        (replace(ANSWERED, fingerprint=Fingerprint("g")), Step.REUSED, Step.REUSED),
        (replace(FOUND, fingerprint=Fingerprint("g"), lapses_at_s=0.0), Step.REUSED, Step.REUSED),
        (replace(ANSWERED, expires_at_s=int(NOW_S)), Step.WRITE, Step.WRITE),
        (replace(ANSWERED, fingerprint=Fingerprint("g"), expires_at_s=int(NOW_S)), Step.WRITE, Step.WRITE),
    ],
)
def test_what_a_record_means(found: Record | None, for_a_claim: Step, for_an_answer: Step) -> None:
    """To who wants to go to work under its key, and to who has done so."""
    assert decide(found, CLAIM, now_s=NOW_S, lapse_s=BOUNDS.lapse_s) is for_a_claim
    assert decide(found, KEPT, now_s=NOW_S, lapse_s=BOUNDS.lapse_s) is for_an_answer


def test_an_own_record_is_known_by_its_token() -> None:
    """So a write whose answer was lost may be made again."""
    assert decide(CLAIM, CLAIM, now_s=NOW_S, lapse_s=BOUNDS.lapse_s) is Step.DONE
    assert decide(KEPT, KEPT, now_s=NOW_S, lapse_s=BOUNDS.lapse_s) is Step.DONE


@dataclass
class Effects:
    """What was done, in order."""

    done: list[bytes] = field(default_factory=list)

    def act(
        self, body: bytes, *, takes_s: float = 0.0, fails: ProducerError | None = None
    ) -> Callable[[], Coroutine[None, None, bytes]]:
        """Something to be done once: its answer is another one each time."""

        async def acting() -> bytes:
            await asyncio.sleep(takes_s)
            if fails is not None:
                raise fails
            self.done.append(body)
            return body + b" %d" % len(self.done)

        return acting


class Process:
    """One process of several that share a store; `ahead_s` is how far its clock is ahead of the others'."""

    def __init__(self, records: MemoryRecords, effects: Effects, *, ahead_s: float = 0.0) -> None:
        self.effects, self.registry = effects, CollectorRegistry()
        self._started_s = asyncio.get_running_loop().time()
        self._ahead_s = ahead_s
        self.idempotency = Idempotency(records, FINGERPRINTS, BOUNDS, self.registry, clock=self._now_s)

    async def post(
        self, body: bytes, key: str = "k", *, takes_s: float = 0.0, fails: ProducerError | None = None
    ) -> StoredReply:
        act = self.effects.act(body, takes_s=takes_s, fails=fails)
        return await self.idempotency.once(Account("acme"), "POST /transactions", key, body, act)

    def count(self, outcome: str) -> float:
        value = self.registry.get_sample_value("txn_idempotency_requests_total", {"outcome": outcome})
        return value or 0.0

    def _now_s(self) -> float:
        return NOW_S + self._ahead_s + asyncio.get_running_loop().time() - self._started_s


class Place:
    """A store, what was done, and processes beside it."""

    def __init__(self) -> None:
        self.records, self.effects = MemoryRecords(), Effects()
        self.one, self.other = self.process(), self.process()

    def process(self, *, ahead_s: float = 0.0) -> Process:
        return Process(self.records, self.effects, ahead_s=ahead_s)


@in_virtual_time
async def test_the_same_key_and_body_is_done_once() -> None:
    """By whichever process and however often; the answer is the first one."""
    place = Place()
    assert await place.one.post(b"a") == StoredReply(b"a 1", replayed=False)
    for process in (place.one, place.other, place.one):
        assert await process.post(b"a") == StoredReply(b"a 1", replayed=True)
    assert place.effects.done == [b"a"]
    assert (place.one.count("first"), place.one.count("replayed")) == (1, 2)


@in_virtual_time
async def test_keys_do_not_meet() -> None:
    """Another key, account or operation is another matter."""
    place = Place()
    once, act = place.one.idempotency.once, place.effects.act(b"a")
    for account, operation, key in [("a", "op", "k"), ("b", "op", "k"), ("a", "op", "l"), ("a", "po", "k")]:
        assert not (await once(Account(account), operation, key, b"a", act)).replayed


@in_virtual_time
async def test_another_body_is_refused_whatever_becomes_of_the_first() -> None:
    """While it is under way, when it has failed, and when it is done; nothing is done for it."""
    place = Place()
    under_way = asyncio.create_task(place.one.post(b"a", takes_s=5, fails=NotStoredError("x")))
    await asyncio.sleep(1)
    with pytest.raises(IdempotencyKeyReused):
        await place.other.post(b"b")
    with pytest.raises(NotStoredError):
        await under_way
    with pytest.raises(IdempotencyKeyReused):
        await place.other.post(b"b")
    await place.one.post(b"a")
    with pytest.raises(IdempotencyKeyReused):
        await place.other.post(b"b")
    assert place.effects.done == [b"a"]
    assert place.other.count("reused") == 3


@in_virtual_time
async def test_who_comes_while_it_is_under_way_is_told_to_come_back() -> None:
    """And gets the answer then."""
    place = Place()
    under_way = asyncio.create_task(place.one.post(b"a", takes_s=5))
    await asyncio.sleep(1)
    with pytest.raises(IdempotencyKeyInFlight) as told:
        await place.other.post(b"a")
    assert told.value.headers["Retry-After"] == "1"
    first = await under_way
    assert await place.other.post(b"a") == first._replace(replayed=True)
    assert place.other.count("in_flight") == 1


@in_virtual_time
async def test_64_at_once_are_one() -> None:
    """One acts; the others are told that it is under way, or its answer."""
    place = Place()
    posts = (process.post(b"a", takes_s=0.01) for process in [place.one, place.other] * 32)
    outcomes = await asyncio.gather(*posts, return_exceptions=True)
    answers = [outcome for outcome in outcomes if isinstance(outcome, StoredReply)]
    assert [answer.replayed for answer in answers].count(False) == 1
    assert all(isinstance(outcome, StoredReply | IdempotencyKeyInFlight) for outcome in outcomes)
    assert place.effects.done == [b"a"]


@in_virtual_time
async def test_a_failure_frees_the_key_at_once() -> None:
    """It is nobody's answer but its own."""
    place = Place()
    with pytest.raises(NotStoredError):
        await place.one.post(b"a", fails=NotStoredError("x"))
    assert await place.other.post(b"a") == StoredReply(b"a 1", replayed=False)


@in_virtual_time
async def test_who_dies_at_work_is_given_up_after_the_deadline() -> None:
    """Not before; then the retry does it."""
    place = Place()
    dying = asyncio.create_task(place.one.post(b"a", takes_s=5))
    await asyncio.sleep(1)
    dying.cancel()
    for _ in range(12):
        await asyncio.sleep(1)
        with pytest.raises(IdempotencyKeyInFlight):
            await place.other.post(b"a")
    await asyncio.sleep(1)
    assert await place.other.post(b"a") == StoredReply(b"a 1", replayed=False)
    with pytest.raises(IdempotencyKeyReused):
        await place.one.post(b"b")


@in_virtual_time
async def test_who_dies_before_the_answer_is_kept_is_repeated() -> None:
    """The same is done again, under the same id of the transaction; the later answer is the one of the key."""
    place = Place()
    dying = asyncio.create_task(place.one.post(b"a"))

    async def kill() -> None:
        if place.effects.done and not dying.done():
            dying.cancel()
            await asyncio.sleep(0)

    place.records.before = kill
    with pytest.raises(asyncio.CancelledError):
        await dying
    await asyncio.sleep(BOUNDS.lapse_s)
    assert await place.other.post(b"a") == StoredReply(b"a 2", replayed=False)
    assert await place.one.post(b"a") == StoredReply(b"a 2", replayed=True)
    assert place.effects.done == [b"a", b"a"]


@in_virtual_time
async def test_who_was_given_up_and_lives_gets_the_answer_that_was_kept() -> None:
    """Whichever of the two is done first: there is one answer."""
    for first_s, second_s, answer in ((30, 1, b"a 1"), (20, 30, b"a 3")):
        place, key = Place(), f"k{first_s}"
        place.effects.done = [b"a"] * (answer == b"a 3") * 2
        slow = asyncio.create_task(place.one.post(b"a", key, takes_s=first_s))
        await asyncio.sleep(BOUNDS.lapse_s + 1)
        second = await place.other.post(b"a", key, takes_s=second_s)
        assert second.body == (await slow).body == answer
        assert (await place.one.post(b"a", key)).body == answer


@in_virtual_time
async def test_a_key_is_kept_for_seven_days() -> None:
    """Up to the last second it answers; then it is a new one, also for another body. Nothing has to remove it."""
    place = Place()
    await place.one.post(b"a")
    await asyncio.sleep(BOUNDS.kept_s - 1)
    assert (await place.one.post(b"a")).replayed
    with pytest.raises(IdempotencyKeyReused):
        await place.one.post(b"b")
    await asyncio.sleep(1)
    assert await place.one.post(b"b") == StoredReply(b"b 2", replayed=False)
    with pytest.raises(IdempotencyKeyReused):
        await place.one.post(b"a")


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.ANSWER_LOST, Fault.LATE])
@pytest.mark.parametrize("call", [0, 1])
def test_one_failure_of_the_store_is_passed_over(fault: Fault, call: int) -> None:
    """At the claim and at the keeping: it is tried again, and what was carried out is known by its token."""

    async def run() -> None:
        place = Place()
        place.records.faults = [Fault.NOTHING] * call + [fault]
        assert await place.one.post(b"a") == StoredReply(b"a 1", replayed=False)
        await asyncio.sleep(2 * LATE_S)
        assert await place.other.post(b"a") == StoredReply(b"a 1", replayed=True)

    run_in_virtual_time(run())


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.ANSWER_LOST, Fault.HANGS, Fault.LATE])
def test_without_the_store_nothing_is_done(fault: Fault) -> None:
    """503 within the bound; once the store is back and any phantom claim has lapsed, a retry is the first."""

    async def run() -> None:
        place = Place()
        place.records.faults = [fault] * 3
        with pytest.raises(StoreUnavailable):
            async with asyncio.timeout(BOUNDS.store_s + 0.1):
                await place.one.post(b"a")
        assert place.effects.done == []
        await asyncio.sleep(BOUNDS.lapse_s)
        place.records.faults = []
        assert await place.other.post(b"a") == StoredReply(b"a 1", replayed=False)
        assert place.one.count("unavailable") == 1

    run_in_virtual_time(run())


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.ANSWER_LOST, Fault.HANGS, Fault.LATE])
def test_an_answer_that_cannot_be_kept_is_not_given(fault: Fault) -> None:
    """503 `outcome_unknown`: it was done, and whatever 202 a retry gets is the first one that anybody got."""

    async def run() -> None:
        place = Place()
        place.records.faults = [Fault.NOTHING, *[fault] * 3]
        with pytest.raises(OutcomeUnknown):
            await place.one.post(b"a")
        assert place.effects.done == [b"a"]
        await asyncio.sleep(BOUNDS.lapse_s)
        place.records.faults = []
        answer = await place.other.post(b"a")
        assert (await place.one.post(b"a")).body == answer.body

    run_in_virtual_time(run())


@in_virtual_time
async def test_a_key_that_cannot_be_freed_lapses() -> None:
    """The failure is told as it is."""
    place = Place()
    place.records.faults = [Fault.NOTHING, *[Fault.REFUSED] * 3]
    with pytest.raises(NotStoredError):
        await place.one.post(b"a", fails=NotStoredError("x"))
    with pytest.raises(IdempotencyKeyInFlight):
        await place.other.post(b"a")
    await asyncio.sleep(BOUNDS.lapse_s)
    assert await place.other.post(b"a") == StoredReply(b"a 1", replayed=False)


@in_virtual_time
async def test_a_clock_that_is_ahead_makes_no_second_answer() -> None:
    """Who takes a claim for lapsed does the same again, and both tell what was kept first."""
    place = Place()
    hasty = place.process(ahead_s=60)
    slow = asyncio.create_task(place.one.post(b"a", takes_s=5))
    await asyncio.sleep(1)
    first = await hasty.post(b"a")
    assert (await slow).body == first.body == b"a 1"
    with pytest.raises(IdempotencyKeyReused):
        await hasty.post(b"b")


@pytest.mark.parametrize("behind_s", [5.0, 3600.0])
def test_a_clock_that_is_behind_waits_no_longer_than_twice_the_deadline(behind_s: float) -> None:
    """Of a claim that seems to come from the future."""

    async def run() -> None:
        place = Place()
        late = place.process(ahead_s=-behind_s)
        dying = asyncio.create_task(place.one.post(b"a", takes_s=60))
        await asyncio.sleep(1)
        dying.cancel()
        await asyncio.sleep(2 * BOUNDS.lapse_s - 1)
        assert await late.post(b"a") == StoredReply(b"a 1", replayed=False)

    run_in_virtual_time(run())


@in_virtual_time
async def test_what_was_done_is_not_refused_because_of_a_clock() -> None:
    """Somebody a week ahead has given the key to another body: the doubt is said."""
    place = Place()
    slow = asyncio.create_task(place.one.post(b"a", takes_s=5))
    await asyncio.sleep(1)
    await place.process(ahead_s=8 * DAY_S).post(b"b")
    with pytest.raises(OutcomeUnknown):
        await slow


@pytest.mark.parametrize("lost", [ROUNDS_MAX - 1, ROUNDS_MAX])
def test_a_race_that_is_lost_again_and_again_ends(lost: int) -> None:
    """Should others always be quicker: in being told so. The last round may still be won, and is used then."""

    async def run() -> None:
        place = Place()
        with pytest.raises(NotStoredError):
            await place.one.post(b"a", fails=NotStoredError("x"))
        (record,) = place.records.stored.values()
        # The first call finds that the key is there already.
        others = [replace(record, token=f"other {number}") for number in range(lost)]

        async def meddle() -> None:
            if others:
                place.records.stored[record.id] = others.pop()

        place.records.before = meddle
        if lost == ROUNDS_MAX:
            with pytest.raises(IdempotencyKeyInFlight):
                await place.one.post(b"a")
        else:
            assert await place.one.post(b"a") == StoredReply(b"a 1", replayed=False)
        assert len(place.effects.done) == (lost < ROUNDS_MAX)

    run_in_virtual_time(run())


@given(st.randoms(use_true_random=False))
@settings(max_examples=75)
def test_whatever_happens_a_key_has_one_body_and_one_answer(chance: random.Random) -> None:
    """Random processes, clocks, faults of the store, failures, deaths and lengths of time, under one key.

    All that was done is of one body; whoever got an answer got the same; at the end a retry gets it, too.
    """
    run_in_virtual_time(_anything_goes(chance))


async def _anything_goes(chance: random.Random) -> None:
    place = Place()
    processes = [place.process(ahead_s=chance.choice([0, 0, 0.2, -3, 20, -20, 7_200, -7_200])) for _ in range(3)]
    faults = [Fault.NOTHING] * chance.choice([4, 8, 40]) + list(Fault)

    async def delay() -> None:
        await asyncio.sleep(chance.choice([0, 0, 0.01, 1.5]))

    async def post(body: bytes) -> StoredReply:
        await asyncio.sleep(chance.uniform(0, 40))
        fails = NotStoredError("x") if chance.random() < 0.2 else None
        takes_s = chance.choice([0, 0.01, 9, 30])
        return await chance.choice(processes).post(body, takes_s=takes_s, fails=fails)

    place.records.before = delay
    place.records.faults = [chance.choice(faults) for _ in range(200)]
    bodies = [b"a"] * 12 + [b"b"] * chance.choice([0, 6])
    posts = [asyncio.create_task(post(body)) for body in bodies]
    for task in chance.sample(posts, 3):
        asyncio.get_running_loop().call_later(chance.uniform(0, 60), task.cancel)
    outcomes = await asyncio.gather(*posts, return_exceptions=True)
    for outcome in outcomes:
        assert isinstance(outcome, StoredReply | Problem | NotStoredError | asyncio.CancelledError), outcome
    answers = {outcome.body for outcome in outcomes if isinstance(outcome, StoredReply)}
    assert len(answers) <= 1
    assert len(set(place.effects.done)) <= 1

    await asyncio.sleep(3 * BOUNDS.lapse_s)
    place.records.faults, place.records.before = [], None
    bound = place.effects.done[0] if place.effects.done else b"a"
    try:
        last = await processes[0].post(bound)
    except IdempotencyKeyReused:  # the other body came first and was never done
        assert place.effects.done == []
        return
    assert answers <= {last.body}
    assert len(set(place.effects.done)) == 1
