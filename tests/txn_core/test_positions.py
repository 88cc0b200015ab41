"""Places in the stream, the order of writes, and the digest of places."""

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ACCEPTED_AT, SHARD, position
from tests.txn_core.strategies import positions
from txn_core.position_digest import added, digest_of_places, digest_of_record, digest_text
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.transactions.instants import Instant

PLACES = st.lists(st.tuples(st.sampled_from(["7", "70", "49" * 28]), st.integers(0, 2_000)), max_size=12)


@given(positions(), positions())
def test_write_order_as_text_is_the_order_of_integers(one: Position, other: Position) -> None:
    """Sequence numbers of any length order as integers, then sub-sequence numbers do."""
    before = WriteOrder.of(ACCEPTED_AT, one) < WriteOrder.of(ACCEPTED_AT, other)
    assert before == (one.within_shard() < other.within_shard())
    assert before == (WriteOrder.of(ACCEPTED_AT, one).text < WriteOrder.of(ACCEPTED_AT, other).text)


@given(positions())
def test_a_write_order_tells_its_parts_again(at: Position) -> None:
    """Moment and position come back from the text."""
    assert WriteOrder.of(ACCEPTED_AT, at).parts() == (ACCEPTED_AT, at)


@given(st.integers(1, 10**56))
def test_numbers_that_differ_by_a_digit_more_order_as_integers(number: int) -> None:
    """A number that is a digit longer is greater, where text alone would have it smaller."""
    longer = position(number * 10)
    assert WriteOrder.of(ACCEPTED_AT, position(number)) < WriteOrder.of(ACCEPTED_AT, longer)
    assert position(number).within_shard() < longer.within_shard()


def test_the_earlier_acceptance_comes_first_then_the_shard() -> None:
    """(accepted_at, shard, sequence, subsequence) is compared from the left."""
    early, late = Instant("2026-01-01T00:00:00.000000Z"), Instant("2026-01-01T00:00:00.000001Z")
    other_shard = ShardId("shardId-000000000001")
    in_order = [
        WriteOrder.of(early, position(9, 5)),
        WriteOrder.of(early, position(10, 0)),
        WriteOrder.of(early, position(10, 1)),
        WriteOrder.of(early, position(1, shard_id=other_shard)),
        WriteOrder.of(late, position(1)),
    ]
    assert all(one < other for one, other in itertools.pairwise(in_order))
    assert [order.text for order in in_order] == sorted(order.text for order in in_order)


def test_the_sequence_number_keeps_the_streams_text() -> None:
    """A position holds the number as the stream gave it, since servers differ in their form."""
    assert Position(SHARD, SequenceNumber("00042")).sequence_number == "00042"
    assert Position(SHARD, SequenceNumber("00042")).within_shard() == (42, 0)


def test_a_write_order_by_example() -> None:
    """The text as it stands in the index."""
    text = "2026-01-02T03:04:05.678901Z#shardId-000000000000#003-123#000000007"
    assert WriteOrder.of(ACCEPTED_AT, position(123, 7)).text == text


def test_a_digest_is_known() -> None:
    """It may not change between versions: ledgers on lease rows and in warehouses hold it."""
    assert digest_text(digest_of_places([("7", 3)])) == "1b9f08168d30e77204bab0b50fbe1fbf"
    assert digest_text(digest_of_places([])) == "0" * 32


@given(st.sampled_from(["7", "49" * 28]), st.integers(0, 1_500), st.integers(0, 1_500))
def test_a_record_has_the_digest_of_its_places(number: str, first: int, events: int) -> None:
    """Also where sub-sequence numbers are larger than is usual."""
    subs = range(first, first + min(events, 40))
    assert added(digest_of_record(number, subs)) == digest_of_places((number, sub) for sub in subs)


@given(PLACES, st.randoms())
def test_order_and_split_make_no_difference(places: list[tuple[str, int]], rng: random.Random) -> None:
    whole, shuffled = digest_of_places(places), rng.sample(places, len(places))
    cut = rng.randint(0, len(places))
    assert added(digest_of_places(shuffled[:cut]), digest_of_places(shuffled[cut:])) == whole


@given(PLACES.filter(bool), st.randoms())
def test_a_lost_and_a_doubled_place_show(places: list[tuple[str, int]], rng: random.Random) -> None:
    one = rng.randrange(len(places))
    digests = {digest_of_places(rows) for rows in (places, places[:one] + places[one + 1 :], [*places, places[one]])}
    assert len(digests) == 3
