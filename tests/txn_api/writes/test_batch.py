"""Posts of one turn of the event loop are admitted together and handed over in the order in which they arrived."""

import asyncio
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from starlette.types import Scope

from tests.builders import ACCOUNT, body, card_number, json_bytes, keys, transaction_id
from tests.support.virtual_time import in_virtual_time
from txn_api.access.principal import Principal
from txn_api.problems import CardNumberMisplaced, Overloaded, ValidationFailed
from txn_api.writes import batch as module
from txn_api.writes.admission import Admission
from txn_api.writes.batch import BYTES_A_GROUP, RIGHTS_S, TURN_S, WAIT_S_MAX, AwaitedPost, PostBatch
from txn_api.writes.fair_queue import REST_RATIO
from txn_core.exceptions import BufferFullError, NotStoredError
from txn_core.kinesis.landing import DeliverySink, Landing
from txn_core.positions import SequenceNumber, ShardId
from txn_core.transactions.event import EncodedEvent
from txn_core.transactions.identity import Account
from txn_core.transactions.submission import Submission

HOLDER = Principal(ACCOUNT, frozenset({"transactions:write"}))


class NotingProducer:
    """Notes what it is given, and has everything land at once but for the records that it refuses."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.refusals: list[Exception | None] = []

    def submit_all(self, records: Iterable[tuple[str, bytes, DeliverySink]]) -> None:
        for key, _, answer in records:
            if self.refusals and (refusal := self.refusals.pop(0)) is not None:
                answer.set_exception(refusal)
                continue
            self.keys.append(key)
            answer.set_result(Landing(ShardId("shard"), SequenceNumber(str(len(self.keys)))))


@pytest.fixture
def producer() -> NotingProducer:
    return NotingProducer()


@pytest.fixture
def posts(producer: NotingProducer) -> PostBatch:
    return PostBatch(Admission(keys(), 300), producer)  # type: ignore[arg-type] # what is asked of a producer here


def scope(*headers: tuple[bytes, bytes]) -> Scope:
    return {"type": "http", "path": "/transactions", "query_string": b"", "headers": [*headers]}


def add(posts: PostBatch, *headers: tuple[bytes, bytes], **changes: Any) -> AwaitedPost:
    return posts.add(scope(*headers), json_bytes(body(**changes)), HOLDER)


async def test_posts_of_a_turn_keep_their_order(posts: PostBatch, producer: NotingProducer) -> None:
    """Nothing happens until the turn is over; then all land in the order in which they came."""
    some = [add(posts, card_number=card_number(n), transaction_id=transaction_id(n)) for n in range(5)]
    assert producer.keys == []
    landings = await asyncio.gather(*(post.landing for post in some))
    assert producer.keys == [post.event.card_id for post in some if post.event]
    assert [landing.sequence_number for landing in landings] == ["1", "2", "3", "4", "5"]


async def test_a_bad_post_spoils_no_other(posts: PostBatch, producer: NotingProducer) -> None:
    """Each post is refused by itself, whatever is wrong with it, and the others land."""
    number = card_number(7)
    wrong, misplaced = add(posts, amount_minor=-1), add(posts, (b"x-note", number.encode()), card_number=number)
    sound = add(posts)
    with pytest.raises(ValidationFailed):
        await wrong.landing
    with pytest.raises(CardNumberMisplaced):
        await misplaced.landing
    await sound.landing
    assert len(producer.keys) == 1


async def test_what_the_producer_refuses_is_told_to_its_own_post(posts: PostBatch, producer: NotingProducer) -> None:
    """A full buffer and an end are the errors of those that met them."""
    producer.refusals = [BufferFullError(3), None, NotStoredError("ShuttingDown")]
    full, sound, ending = (add(posts, transaction_id=transaction_id(n)) for n in range(3))
    with pytest.raises(BufferFullError):
        await full.landing
    await sound.landing
    with pytest.raises(NotStoredError):
        await ending.landing


async def test_a_post_that_nobody_waits_for_is_sent_all_the_same(posts: PostBatch, producer: NotingProducer) -> None:
    """A client that went away takes back nothing, and a refusal that nobody hears troubles nobody."""
    gone, gone_and_wrong = add(posts), add(posts, currency="XXX")
    gone_and_wrong.landing.cancel()
    await gone.landing
    assert len(producer.keys) == 1


async def test_contradicting_posts_of_a_turn_are_told_apart(posts: PostBatch) -> None:
    """Of one id, in one record of the stream: the moment of each tells which of them an acknowledgement speaks of."""
    some = [add(posts, transaction_id=transaction_id(1), amount_minor=amount) for amount in range(5)]
    await asyncio.gather(*(post.landing for post in some))
    assert len({post.event.accepted_at for post in some if post.event}) == 5


class DearIntake(Admission):
    """Takes as long over a body as its length says, on a clock of its own: a millisecond a kilobyte."""

    clock = 0.0

    def submission(self, body: bytes, *arguments: Any, **options: Any) -> Submission:
        DearIntake.clock += len(body) / 1e6
        return super().submission(body, *arguments, **options)


@pytest.fixture
def dear_posts(producer: NotingProducer) -> PostBatch:
    DearIntake.clock = 0.0
    clock = lambda: DearIntake.clock  # noqa: E731
    return PostBatch(DearIntake(keys(), 300), producer, clock=clock, cpu_clock=clock)  # type: ignore[arg-type] # see above


def dear(posts: PostBatch, account: str, *, ms: float, number: int = 1) -> AwaitedPost:
    """A post that takes so long."""
    data = json_bytes(body(transaction_id=transaction_id(number)))
    data += b" " * (int(ms * 1_000) - len(data))
    return posts.add(scope(), data, Principal(Account(account), frozenset()))


@in_virtual_time
async def test_a_turn_admits_what_it_has_time_for(dear_posts: PostBatch, producer: NotingProducer) -> None:
    """The others follow in the next turns in their order, and what comes meanwhile comes behind them."""
    some = [dear(dear_posts, "acme", ms=2.0, number=number) for number in range(20)]
    most = handed_over = 0
    while handed_over < len(some):
        await asyncio.sleep(0)
        if len(some) == 20:
            some.append(dear(dear_posts, "acme", ms=2.0, number=21))
        most, handed_over = max(most, len(producer.keys) - handed_over), len(producer.keys)
    assert most * 2.0 <= TURN_S * 1_000 + BYTES_A_GROUP / 1_000 + 2.0
    assert [int(post.landing.result().sequence_number) for post in some] == [*range(1, 22)]


@in_virtual_time
async def test_accounts_whose_posts_are_left_have_the_same_time(dear_posts: PostBatch) -> None:
    """One with dear posts on a hundred connections does not hold up another's for longer than a few turns."""
    noisy = [dear(dear_posts, "noisy", ms=3.0, number=number) for number in range(100)]
    quiet = [dear(dear_posts, "quiet", ms=1.0, number=100 + number) for number in range(3)]
    await asyncio.gather(*(post.landing for post in quiet))
    assert sum(post.landing.done() for post in noisy) * 0.003 <= 6 * TURN_S  # of 300 ms
    await asyncio.gather(*(post.landing for post in noisy))
    order = [int(post.landing.result().sequence_number) for post in noisy]
    assert order == sorted(order)


@in_virtual_time
async def test_an_account_whose_posts_outlast_a_turn_each_rests_between_them(dear_posts: PostBatch) -> None:
    """Another's are admitted meanwhile, also those that come when nothing waits."""
    loop, ms = asyncio.get_running_loop(), 60.0
    first, second = (dear(dear_posts, "noisy", ms=ms, number=number) for number in (1, 2))
    await first.landing
    quiet = dear(dear_posts, "quiet", ms=1.0, number=3)
    await quiet.landing
    third = dear(dear_posts, "noisy", ms=1.0, number=4)
    await asyncio.sleep(0.01)
    assert loop.time() < 0.02
    assert not second.landing.done()
    assert not third.landing.done()
    await third.landing
    assert second.landing.done()
    assert loop.time() == pytest.approx(2 * REST_RATIO * (ms / 1_000 - TURN_S), abs=0.01)


@in_virtual_time
async def test_a_post_does_not_wait_for_its_time_without_end(dear_posts: PostBatch, producer: NotingProducer) -> None:
    """Beyond the bound it is told to come back, and nothing of it is stored."""
    posts = [dear(dear_posts, "noisy", ms=60.0, number=number) for number in range(200)]
    told = await asyncio.gather(*(post.landing for post in posts), return_exceptions=True)
    refused = [outcome for outcome in told if isinstance(outcome, Overloaded)]
    assert len(producer.keys) == len(told) - len(refused) < len(told)
    assert DearIntake.clock > WAIT_S_MAX


@in_virtual_time
async def test_a_post_with_a_key_has_its_event_in_its_accounts_turn(
    dear_posts: PostBatch, producer: NotingProducer
) -> None:
    """It is not handed over here, a refusal is its own, and however many there are, each turn has time for few."""

    def admitted(**changes: Any) -> "asyncio.Task[EncodedEvent]":
        data = json_bytes(body(transaction_id=None, **changes)) + b" " * 3_000
        return asyncio.create_task(dear_posts.admit(scope(), data, HOLDER, idempotency_key="key"))

    with pytest.raises(ValidationFailed):
        await admitted(amount_minor=-1)
    some = [admitted() for _ in range(50)]
    before = DearIntake.clock
    while not some[-1].done():
        at = DearIntake.clock
        await asyncio.sleep(0)
        assert DearIntake.clock - at <= TURN_S + BYTES_A_GROUP / 1e6 + 0.004
    assert DearIntake.clock - before > 10 * TURN_S
    assert len({task.result().transaction_id for task in some}) == 1
    assert producer.keys == []


@in_virtual_time
async def test_who_waits_no_more_for_an_event_troubles_nobody(dear_posts: PostBatch) -> None:
    """A client with a key that went away, be its post sound or not."""
    for changes in ({}, {"currency": "XXX"}):
        data = json_bytes(body(**changes))
        waiting = asyncio.create_task(dear_posts.admit(scope(), data, HOLDER, idempotency_key="key"))
        await asyncio.sleep(0)
        waiting.cancel()
    sound = dear(dear_posts, "acme", ms=1.0)
    await sound.landing


class KeysOfOneAccount:
    """The rights of posts with several keys: those of the second one have to be asked for."""

    def __init__(self, _: Scope, principal: Principal) -> None:
        self._is_known = principal.cards_of_mask_max == 0

    def checked_at_once(self) -> bool:
        return self._is_known

    async def check(self) -> None:
        await asyncio.sleep(0)


@in_virtual_time
@pytest.mark.parametrize("seed", range(10))
async def test_posts_of_several_keys_keep_their_accounts_order(producer: NotingProducer, seed: int) -> None:
    """Also when a turn has no time for those before one whose rights are being asked for."""
    DearIntake.clock = 0.0
    clock = lambda: DearIntake.clock  # noqa: E731
    rights: Any = KeysOfOneAccount
    posts = PostBatch(DearIntake(keys(), 300), producer, clock=clock, cpu_clock=lambda: 0.0, rights=rights)  # type: ignore[arg-type] # see above
    rng, some = Random(seed), []
    for number in range(60):
        account = Account(rng.choice("ab"))
        data = json_bytes(body(transaction_id=transaction_id(number)))
        data += b" " * rng.choice((0, 0, 1_200, 6_000))
        some.append(posts.add(scope(), data, Principal(account, frozenset(), cards_of_mask_max=rng.choice((0, 9)))))
        if rng.random() < 0.1:
            await asyncio.sleep(0)
            DearIntake.clock += rng.choice((0.0, RIGHTS_S))
    await asyncio.gather(*(post.landing for post in some))
    for name in "ab":
        order = [int(post.landing.result().sequence_number) for post in some if post.account == name]
        assert order == sorted(order)


@in_virtual_time
async def test_a_post_is_read_once_however_many_turns_it_waits(
    dear_posts: PostBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading takes longest of all that a usual post needs."""
    bodies: list[bytes] = []

    def reading(data: bytes, *_: object) -> None:
        DearIntake.clock += 1e-5
        bodies.append(data)

    monkeypatch.setattr(module, "fast_fields", reading)
    some = [dear(dear_posts, "acme", ms=0.6, number=number) for number in range(300)]
    await asyncio.gather(*(post.landing for post in some))
    assert len(bodies) == len(set(bodies)) == len(some)
