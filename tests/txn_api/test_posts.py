"""Posts of one turn of the event loop are admitted together and handed over in the order in which they arrived."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.types import Scope

from tests.builders import ACCOUNT, body, card_number, json_bytes, keys, transaction_id
from txn_api.intake import Intake
from txn_api.posts import BYTES_A_TURN, AwaitedPost, Posts
from txn_api.problems import CardNumberMisplaced, ValidationFailed
from txn_core.errors import BufferFullError, NotStoredError
from txn_core.kinesis.landing import Answer, Landing
from txn_core.positions import SequenceNumber, ShardId


class NotingProducer:
    """Notes what it is given, and has everything land at once but for the records that it refuses."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.refusals: list[Exception | None] = []

    def submit_all(self, records: Iterable[tuple[str, bytes, Answer]]) -> None:
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
def posts(producer: NotingProducer) -> Posts:
    return Posts(Intake(keys(), 300), producer)  # type: ignore[arg-type] # what is asked of a producer here


def scope(*headers: tuple[bytes, bytes]) -> Scope:
    return {"type": "http", "path": "/transactions", "query_string": b"", "headers": [*headers]}


def add(posts: Posts, *headers: tuple[bytes, bytes], **changes: Any) -> AwaitedPost:
    return posts.add(scope(*headers), json_bytes(body(**changes)), account=ACCOUNT)


async def test_posts_of_a_turn_keep_their_order(posts: Posts, producer: NotingProducer) -> None:
    """Nothing happens until the turn is over; then all land in the order in which they came."""
    some = [add(posts, card_number=card_number(n), transaction_id=transaction_id(n)) for n in range(5)]
    assert producer.keys == []
    landings = await asyncio.gather(*(post.landing for post in some))
    assert producer.keys == [post.event.card_id for post in some if post.event]
    assert [landing.sequence_number for landing in landings] == ["1", "2", "3", "4", "5"]


async def test_a_bad_post_spoils_no_other(posts: Posts, producer: NotingProducer) -> None:
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


async def test_what_the_producer_refuses_is_told_to_its_own_post(posts: Posts, producer: NotingProducer) -> None:
    """A full buffer and an end are the errors of those that met them."""
    producer.refusals = [BufferFullError(3), None, NotStoredError("ShuttingDown")]
    full, sound, ending = (add(posts, transaction_id=transaction_id(n)) for n in range(3))
    with pytest.raises(BufferFullError):
        await full.landing
    await sound.landing
    with pytest.raises(NotStoredError):
        await ending.landing


async def test_a_post_that_nobody_waits_for_is_sent_all_the_same(posts: Posts, producer: NotingProducer) -> None:
    """A client that went away takes back nothing, and a refusal that nobody hears troubles nobody."""
    gone, gone_and_wrong = add(posts), add(posts, currency="XXX")
    gone_and_wrong.landing.cancel()
    await gone.landing
    assert len(producer.keys) == 1


async def test_contradicting_posts_of_a_turn_are_told_apart(posts: Posts) -> None:
    """Of one id, in one record of the stream: the moment of each tells which of them an acknowledgement speaks of."""
    some = [add(posts, transaction_id=transaction_id(1), amount_minor=amount) for amount in range(5)]
    await asyncio.gather(*(post.landing for post in some))
    assert len({post.event.accepted_at for post in some if post.event}) == 5


async def test_a_turn_admits_no_more_than_its_share_of_bytes(posts: Posts, producer: NotingProducer) -> None:
    """Of the largest bodies few; the others follow in the next turns, and what comes meanwhile comes behind them."""
    large = json_bytes(body()) + b" " * 60_000
    some = [posts.add(scope(), large, account=ACCOUNT) for _ in range(20)]
    most = handed_over = 0
    while handed_over < len(some):
        await asyncio.sleep(0)
        if len(some) == 20:
            some.append(add(posts, transaction_id=transaction_id(21)))
        most, handed_over = max(most, len(producer.keys) - handed_over), len(producer.keys)
    assert most == 1 + BYTES_A_TURN // len(large)
    assert [int(post.landing.result().sequence_number) for post in some] == [*range(1, 22)]
