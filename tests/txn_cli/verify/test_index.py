"""The comparison with the index: lists clear what they can, and only the read by id finds fault."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from ingest.api_client.client import CONNECTIONS_MAX
from ingest.api_client.replies import UnavailableError
from ingest.api_client.retry import RetryPolicy
from ingest.layouts.read_rows import SoundRow
from tests.txn_cli.builders import OTHER_CARD, sound, sound_rows
from tests.txn_cli.fake_api import CutOff, HttpReply
from tests.txn_cli.verify.store import FakeStore, event_of
from txn_cli.simulator.cards import with_check_digit
from txn_cli.verify.expected import Expected
from txn_cli.verify.index import IndexComparison
from txn_cli.verify.statement import Identities, Scribe
from txn_cli.verify.verify_report import Report


@dataclass
class Outcome:
    """What a comparison reported and told."""

    report: Report
    faults: list[tuple[int, str]]
    settled: list[int]


@pytest.fixture
def store() -> FakeStore:
    """A store that holds nothing."""
    return FakeStore()


def expected_of(rows: Sequence[SoundRow]) -> Expected:
    expected = Expected()
    statements = Scribe().statements(rows)
    assert len(statements) == len(rows)
    for statement in statements:
        expected.add(statement)
    return expected


async def compare(store: FakeStore, rows: Sequence[SoundRow]) -> Outcome:
    async def at_once(_: float) -> None:
        """A pause of no length."""

    faults: list[tuple[int, str]] = []
    settled: list[int] = []
    async with store.api.client() as client:
        comparison = IndexComparison(
            client,
            expected_of(rows),
            Identities(),
            policy=RetryPolicy(attempts_max=3, pause=at_once),
            on_settled=settled.append,
            on_fault=lambda line, what: faults.append((line, what)),
        )
        return Outcome(await comparison.run(), faults, settled)


def ids(*rows: SoundRow) -> list[str]:
    return [f"{row.line:032x}" for row in rows]


async def test_a_card_s_rows_are_seen_in_one_list(store: FakeStore) -> None:
    rows = sound_rows(40)
    store.store(*rows)
    outcome = await compare(store, rows)
    assert (outcome.report, outcome.faults) == (Report(rows=40), [])
    assert (store.api.reads, len(store.api.lists)) == (ids(rows[0]), 1)


async def test_a_list_goes_on_behind_its_cursor(store: FakeStore) -> None:
    rows = [sound(n, trans_date_trans_time=f"2019-01-01 00:00:{n}") for n in range(10, 60)]
    store.store(*rows)
    store.api.page_rows_max = 20
    assert (await compare(store, rows)).report == Report(rows=50)
    assert (store.api.reads, len(store.api.lists)) == (ids(rows[0]), 3)


async def test_cards_of_one_or_two_rows_are_read_by_id(store: FakeStore) -> None:
    rows = [sound(2), sound(3, cc_num=OTHER_CARD), sound(4, cc_num=OTHER_CARD)]
    store.store(*rows)
    assert (await compare(store, rows)).report == Report(rows=3)
    assert (store.api.reads, store.api.lists) == (ids(*rows), [])


async def test_a_row_that_is_nowhere_is_asked_for_by_id_and_missing(store: FakeStore) -> None:
    rows = sound_rows(5)
    store.store(*rows[:3], rows[4])
    outcome = await compare(store, rows)
    assert outcome.report == Report(rows=5, missing_in_index=1)
    assert outcome.faults == [(5, "missing_in_index")]
    assert store.api.reads == ids(rows[0], rows[3])


async def test_a_row_of_other_content_is_asked_for_by_id_and_different(store: FakeStore) -> None:
    rows = sound_rows(5)
    store.store(*rows)
    store.index(event_of(rows[3], amount_minor=1))
    outcome = await compare(store, rows)
    assert outcome.report == Report(rows=5, different_in_index=1)
    assert outcome.faults == [(5, "different_in_index")]
    assert store.api.reads == ids(rows[0], rows[3])


async def test_a_list_that_lags_behind_makes_no_fault(store: FakeStore) -> None:
    rows = sound_rows(6)
    store.store(*rows)
    absent, stale = ids(*rows[2:4])
    store.api.lagging = {absent: None, stale: event_of(rows[3], amount_minor=1)}
    outcome = await compare(store, rows)
    assert (outcome.report, outcome.faults) == (Report(rows=6), [])
    assert sorted(store.api.reads[1:]) == [absent, stale]


async def test_a_row_whose_time_is_another_in_the_store_is_different(store: FakeStore) -> None:
    """It stands outside the range, or at another place in it."""
    rows = sound_rows(4)
    store.store(*rows)
    store.index(event_of(rows[2], occurred_at="2020-01-01T00:00:00.000000Z"))
    assert (await compare(store, rows)).report == Report(rows=4, different_in_index=1)


async def test_a_row_of_another_card_in_the_store_is_different(store: FakeStore) -> None:
    rows = sound_rows(4)
    store.store(*rows)
    others = event_of(sound(4, cc_num=OTHER_CARD))
    store.index(event_of(rows[2]) | {name: others[name] for name in ("card_id", "customer_id")})
    outcome = await compare(store, rows)
    assert outcome.faults == [(4, "different_in_index")]


async def test_reading_a_range_full_of_foreign_rows_ends_soon(store: FakeStore) -> None:
    rows = [sound(n, trans_date_trans_time=f"2019-01-{n:02} 00:00:00") for n in (2, 10, 20, 30)]
    store.store(*rows)
    for n in range(1_000, 1_500):
        store.index(event_of(sound(n, trans_date_trans_time="2019-01-15 00:00:00")))
    assert (await compare(store, rows)).report == Report(rows=4)
    assert len(store.api.lists) == 2
    assert sorted(store.api.reads) == ids(rows[0], rows[2], rows[3])


async def test_a_few_foreign_rows_do_not_matter(store: FakeStore) -> None:
    rows = sound_rows(20)
    store.store(*rows, *(sound(n) for n in range(100, 115)))
    assert (await compare(store, rows)).report == Report(rows=20)
    assert (len(store.api.reads), len(store.api.lists)) == (1, 1)


async def test_a_missing_first_row_does_not_hide_the_card(store: FakeStore) -> None:
    rows = sound_rows(6)
    store.store(*rows[1:])
    assert (await compare(store, rows)).report == Report(rows=6, missing_in_index=1)
    assert (store.api.reads, len(store.api.lists)) == (ids(*rows[:2]), 1)


async def test_a_card_whose_first_rows_are_missing_is_read_by_id(store: FakeStore) -> None:
    rows = sound_rows(6)
    store.store(*rows[2:])
    outcome = await compare(store, rows)
    assert outcome.report == Report(rows=6, missing_in_index=2)
    assert outcome.faults == [(2, "missing_in_index"), (3, "missing_in_index")]
    assert (sorted(store.api.reads), store.api.lists) == (ids(*rows), [])


@pytest.mark.parametrize("card_id", [None, "", "card_1_?"])
async def test_a_card_id_that_is_none_is_not_asked_with(store: FakeStore, card_id: object) -> None:
    rows = sound_rows(4)
    for row in rows:
        store.index(event_of(row) | {"card_id": card_id})
    await compare(store, rows)
    assert store.api.lists == []


async def test_an_id_that_the_file_holds_twice_is_settled_twice(store: FakeStore) -> None:
    rows = [*sound_rows(4), sound(5), sound(5)]
    store.store(*sound_rows(4))
    assert (await compare(store, rows)).report == Report(rows=6)
    assert (store.api.reads, len(store.api.lists)) == (ids(rows[0]), 1)


async def test_rows_of_one_id_and_different_content_do_not_both_agree(store: FakeStore) -> None:
    rows = [*sound_rows(4), sound(5, amt="5"), sound(4, cc_num=OTHER_CARD)]
    store.store(*sound_rows(4))
    outcome = await compare(store, rows)
    assert outcome.report == Report(rows=6, different_in_index=2)
    assert outcome.faults == [(4, "different_in_index"), (5, "different_in_index")]


async def test_a_list_that_is_lost_is_asked_for_again(store: FakeStore) -> None:
    store.store(*sound_rows(4))
    store.api.faults = deque([None, CutOff(), HttpReply(503, "store_unavailable")])
    assert (await compare(store, sound_rows(4))).report == Report(rows=4)
    assert len(store.api.lists) == 1


async def test_a_list_that_is_never_answered_ends_the_comparison(store: FakeStore) -> None:
    store.store(*sound_rows(4))
    store.api.faults = deque([None, *[HttpReply(503, "store_unavailable")] * 10])
    with pytest.raises(UnavailableError, match="503 store_unavailable"):
        await compare(store, sound_rows(4))


async def test_every_hundred_settled_rows_and_the_last_are_told(store: FakeStore) -> None:
    store.store(*sound_rows(250))
    assert (await compare(store, sound_rows(250))).settled == [100, 200, 250]


async def test_no_more_requests_than_connections_are_under_way(store: FakeStore) -> None:
    cards = [with_check_digit(f"9999{number:011}") for number in range(50)]
    rows = [sound(2 + 4 * n + i, cc_num=card) for n, card in enumerate(cards) for i in range(4)]
    store.store(*rows)
    assert (await compare(store, rows)).report == Report(rows=200)
    assert 1 < store.api.at_once_max <= CONNECTIONS_MAX
