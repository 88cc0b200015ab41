"""The digest of positions: the same in any order and any split, by record and by place."""

import random

from hypothesis import given
from hypothesis import strategies as st

from txn_core.position_digest import added, digest_of_places, digest_of_record, digest_text

PLACES = st.lists(st.tuples(st.sampled_from(["7", "70", "49" * 28]), st.integers(0, 2_000)), max_size=12)


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
