"""The index of transactions on a real server: first write wins, and ranges read back whole."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import body, encoded, index_item, keys, pan, position, request, transaction_id
from txn_core.dynamodb.ranges import RangeQuery, SortKey, Span
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import CONFLICTS_MAX, LAYOUT_ID, IndexItem, TransactionTable
from txn_core.exceptions import StoreError
from txn_core.transactions.event import Event
from txn_core.transactions.identity import ACCOUNT_PATTERN, Account, TransactionId
from txn_core.transactions.instants import Instant

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

ID = transaction_id(0)


def item_of(account: Account, at: int = 1, **changes: object) -> IndexItem:
    return index_item(encoded(request(**changes), account=account), position(at))


async def walk(table: TransactionTable, query: RangeQuery) -> list[str]:
    """The transaction ids of a range, page by page."""
    found: list[str] = []
    while True:
        page = await table.page(query)
        assert len(page.rows) == query.span.limit or not page.has_more
        assert all(row.sort.endswith(Event.decode(row.event).transaction_id) for row in page.rows)
        found += [Event.decode(row.event).transaction_id for row in page.rows]
        if not page.has_more:
            return found
        query = query.behind(page.rows[-1].sort)


async def test_a_transaction_is_found_by_its_id(transactions: TransactionTable, account: Account) -> None:
    """What was put comes back byte for byte, with its order and no conflicts."""
    item = item_of(account)
    assert await transactions.get(account, ID) is None
    assert await transactions.put_if_absent(item)
    stored = await transactions.get(account, ID)
    assert stored is not None
    assert (stored.event, stored.order, stored.conflicts) == (item.event, item.order, ())


async def test_many_are_found_by_one_call(
    transactions: TransactionTable, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each as it is found by itself, also what an answer had no room for; what is not there is not in the answer."""
    first, second = item_of(account), item_of(Account(f"{account}-2"), 2, amount_minor=2)
    for item in (first, second):
        assert await transactions.put_if_absent(item)
    batch_get_item, calls = transactions._client.batch_get_item, 0

    async def one_a_call(**request: Any) -> Any:
        nonlocal calls
        calls += 1
        ((table, asked),) = request["RequestItems"].items()
        one, *rest = asked["Keys"]
        this: Any = {table: {**asked, "Keys": [one]}}
        answer = await batch_get_item(RequestItems=this)
        return {**answer, "UnprocessedKeys": {table: {**asked, "Keys": rest}} if rest else {}}

    wanted = {first.key, second.key, "nobody#nothing"}
    found = await transactions.get_all(wanted)
    monkeypatch.setattr(transactions._client, "batch_get_item", one_a_call)
    assert await transactions.get_all(wanted) == found
    assert calls == len(wanted)
    assert {key: stored.event for key, stored in found.items()} == {item.key: item.event for item in (first, second)}
    assert found[first.key] == await transactions.get(account, ID)
    assert await transactions.get_all([]) == {}


async def test_a_taken_id_is_not_written_again(transactions: TransactionTable, account: Account) -> None:
    """Whatever comes second changes nothing, within its account."""
    assert await transactions.put_if_absent(item_of(account))
    assert not await transactions.put_if_absent(item_of(account, 2, amount_minor=1))
    assert await transactions.put_if_absent(item_of(Account(f"{account}-2"), amount_minor=2))
    stored = await transactions.get(account, ID)
    assert stored is not None
    assert Event.decode(stored.event).amount_minor == 497


async def test_an_earlier_write_takes_the_place_of_the_one_seen(
    transactions: TransactionTable, account: Account
) -> None:
    """A rebuild in another order ends with the same winner, and notes the loser when it said something else."""
    late, early = item_of(account, 9, amount_minor=9, card_number=body()["card_number"]), item_of(account, 1)
    await transactions.put_if_absent(late)
    seen = await transactions.get(account, ID)
    assert seen is not None
    assert await transactions.replace(
        early, seen=seen, conflicts=[late.order], others={late.order: frozenset({"of", "late"})}
    )
    stored = await transactions.get(account, ID)
    assert stored is not None
    assert (stored.event, stored.order, stored.conflicts) == (early.event, early.order, (late.order,))
    assert not await transactions.replace(early, seen=seen, conflicts=(), others={}), (
        "what was seen is no longer there"
    )
    query = transactions.by_card(account, keys().card_ids(pan()), Span())
    assert [row.event for row in (await transactions.page(query)).rows] == [early.event]


async def test_a_replaced_transaction_moves_to_its_own_card_merchant_and_time(
    transactions: TransactionTable, account: Account
) -> None:
    """Nothing of the replaced write is found any more where it stood."""
    late = item_of(account, 9, merchant={"name": "Late"}, occurred_at="2020-01-01T00:00:00Z")
    early = item_of(account, 1, merchant={"name": "Early"}, occurred_at="2019-01-01T00:00:00Z")
    await transactions.put_if_absent(late)
    seen = await transactions.get(account, ID)
    assert seen is not None
    assert await transactions.replace(
        early, seen=seen, conflicts=[late.order], others={late.order: frozenset({"of", "late"})}
    )
    assert await walk(transactions, transactions.by_merchant(account, keys().merchant_id("late"), Span())) == []
    assert await walk(transactions, transactions.by_merchant(account, keys().merchant_id("EARLY"), Span())) == [ID]


async def test_conflicts_are_noted_once_and_in_order(transactions: TransactionTable, account: Account) -> None:
    """The same contradiction read twice is one, and a transaction shows them all, in lists as by id."""
    first = item_of(account)
    await transactions.put_if_absent(first)
    later = [item_of(account, number) for number in (10, 9, 100)]
    for item in (*later, *later):
        assert await transactions.note(item, seen=first.order, conflict=True, other=frozenset({"of", "it"}))
    orders = [item.order for item in later]
    stored = await transactions.get(account, ID)
    assert stored is not None
    assert stored.conflicts == tuple(sorted(orders))
    assert stored.others == dict.fromkeys(orders, frozenset({"of", "it"}))
    page = await transactions.page(transactions.by_card(account, keys().card_ids(pan()), Span()))
    assert page.rows[0].conflicts == tuple(order.text for order in sorted(orders))


async def test_conflicts_are_bounded(transactions: TransactionTable, account: Account) -> None:
    """A client that uses one id for everything does not make an item that DynamoDB refuses."""
    first = item_of(account)
    await transactions.put_if_absent(first)
    for number in range(2, CONFLICTS_MAX + 5):
        noted = await transactions.note(item_of(account, number), seen=first.order, conflict=True, other=None)
        assert noted == (number <= CONFLICTS_MAX + 1)
    stored = await transactions.get(account, ID)
    assert stored is not None
    assert len(stored.conflicts) == CONFLICTS_MAX


async def test_a_conflict_does_not_make_a_transaction(transactions: TransactionTable, account: Account) -> None:
    """Noting a conflict on an id that is not there leaves it not there."""
    item = item_of(account)
    assert not await transactions.note(item, seen=item.order, conflict=True, other=frozenset({"of", "it"}))
    assert await transactions.get(account, ID) is None


async def test_a_note_is_made_on_the_winner_that_was_seen_or_not_at_all(
    transactions: TransactionTable, account: Account
) -> None:
    """What contradicts one winner may repeat the next; and notes that were not seen are not written over."""
    late, later, early = (item_of(account, number) for number in (9, 10, 1))
    await transactions.put_if_absent(late)
    seen = await transactions.get(account, ID)
    assert seen is not None
    assert await transactions.note(later, seen=late.order, conflict=False, other=frozenset({"of", "later"}))
    assert not await transactions.replace(early, seen=seen, conflicts=(), others={}), "a note came in between"
    seen = await transactions.get(account, ID)
    assert seen is not None
    assert await transactions.replace(
        early, seen=seen, conflicts=(), others={**seen.others, late.order: frozenset({"of", "late"})}
    )
    assert not await transactions.note(later, seen=late.order, conflict=True, other=None)
    stored = await transactions.get(account, ID)
    assert stored is not None
    assert (stored.conflicts, stored.others) == (
        (),
        {late.order: frozenset({"of", "late"}), later.order: frozenset({"of", "later"})},
    )


# Three a second, so that times tie; ids whose text order is not the order of arrival.
ROWS = [
    (TransactionId(f"id-{(i * 7) % 24:05d}"), Instant(f"2026-01-01T00:00:{i // 3:02d}.{(i % 2) * 5:06d}Z"))
    for i in range(24)
]


def in_order(*, descending: bool, start: str = "", end: str = "~") -> list[str]:
    sorts = sorted((f"{at}#{name}" for name, at in ROWS if start <= at < end), reverse=descending)
    return [sort.partition("#")[2] for sort in sorts]


async def fill(table: TransactionTable, account: Account, versions: Sequence[int] = (1,)) -> None:
    """Rows of one card at one merchant, under one card key version after the other."""
    version = itertools.cycle(versions)
    for name, at in ROWS:
        written = encoded(
            request(transaction_id=name, occurred_at=at), account=account, ring=keys(versions=next(version))
        )
        await table.put_if_absent(index_item(written))


@pytest.mark.parametrize("descending", [True, False])
async def test_a_merchant_reads_back_whole_over_its_write_shards(
    transactions: TransactionTable, account: Account, *, descending: bool
) -> None:
    """Every page size gives all rows of the merchant once, in order, though they lie in three partitions."""
    await fill(transactions, account)
    merchant_id = keys().merchant_id("RIPPIN,  kub and mann")
    for limit in (1, 7, 1000):
        query = transactions.by_merchant(account, merchant_id, Span(descending=descending, limit=limit))
        assert len(query.partitions) == transactions.write_shards == 3
        assert await walk(transactions, query) == in_order(descending=descending)


async def test_a_merchant_reads_back_whole_over_its_former_id(
    transactions: TransactionTable, account: Account
) -> None:
    """Rows under the id of a name's former form and under the present one are one history, also page by page."""
    name = "Rippin, Kub and Mann\u200b"
    (former,) = keys().former_merchant_ids(name)
    present = keys().merchant_id(name)
    for number in range(12):
        written = encoded(request(transaction_id=transaction_id(number), merchant={"name": name}), account=account)
        item = index_item(written, position(number + 1))
        await transactions.put_if_absent(replace(item, merchant_id=former if number % 2 else present))
    ids = [transaction_id(number) for number in range(12)]
    for limit in (1, 5, 100):
        span = Span(descending=False, limit=limit)
        assert await walk(transactions, transactions.by_merchant(account, present, span, former)) == ids
        assert await walk(transactions, transactions.by_merchant(account, present, span)) == ids[::2]
    subjects = {transactions.by_merchant(account, present, Span(), *ids).subject for ids in ((), (former,))}
    assert len(subjects) == 2, "a cursor is of one of the two ranges"


@pytest.mark.parametrize("descending", [True, False])
async def test_a_card_reads_back_whole_over_its_key_versions(
    transactions: TransactionTable, account: Account, *, descending: bool
) -> None:
    """Rows under an older card key and under the newer one are one history; a cursor fits both partitions."""
    await fill(transactions, account, versions=(1, 2))
    card_ids = keys(versions=2).card_ids(pan())
    for limit in (1, 7, 1000):
        query = transactions.by_card(account, card_ids, Span(descending=descending, limit=limit))
        assert await walk(transactions, query) == in_order(descending=descending)
    assert len(await walk(transactions, transactions.by_card(account, card_ids[:1], Span()))) == len(ROWS) // 2


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (ROWS[3][1], ROWS[12][1]),
        (ROWS[0][1], ROWS[0][1]),
        (ROWS[5][1], None),
        (None, ROWS[5][1]),
        (Instant("2027-01-01T00:00:00.000000Z"), None),
    ],
)
async def test_ranges_take_their_start_and_leave_their_end(
    transactions: TransactionTable, account: Account, start: Instant | None, end: Instant | None, *, descending: bool
) -> None:
    """From is inclusive, to is exclusive, by card as by merchant, page by page."""
    await fill(transactions, account)
    expected = in_order(descending=descending, start=start or "", end=end or "~")
    span = Span(start, end, descending=descending, limit=4)
    for query in (
        transactions.by_card(account, keys().card_ids(pan()), span),
        transactions.by_merchant(account, keys().merchant_id("Rippin, Kub and Mann"), span),
    ):
        assert await walk(transactions, query) == expected


async def test_another_account_reads_nothing_of_it(transactions: TransactionTable, account: Account) -> None:
    """The same card, merchant and id under another account are somebody else's."""
    await transactions.put_if_absent(item_of(account))
    other = Account(f"{account}-2")
    assert await transactions.get(other, ID) is None
    assert await walk(transactions, transactions.by_card(other, keys().card_ids(pan()), Span())) == []
    merchant_id = keys().merchant_id("Rippin, Kub and Mann")
    assert await walk(transactions, transactions.by_merchant(other, merchant_id, Span())) == []


async def test_a_cursor_whose_row_is_gone_still_goes_on(transactions: TransactionTable, account: Account) -> None:
    """A page goes on behind a sort key, whether or not a row stands there."""
    await fill(transactions, account)
    after = SortKey(f"{ROWS[9][1]}#id-zzzzz")
    query = transactions.by_card(account, keys().card_ids(pan()), Span(descending=False, after=after))
    assert await walk(transactions, query) == [
        sort.partition("#")[2] for sort in sorted(f"{at}#{name}" for name, at in ROWS) if sort > after
    ]


async def test_a_table_is_opened_with_the_write_shards_it_was_made_with(
    dynamodb: "DynamoDBClient", names: TableNames
) -> None:
    """The number of write shards is the table's, and a table that lacks it or is not there is told so."""
    assert (await TransactionTable.open(dynamodb, names.transactions)).write_shards == 3
    with pytest.raises(StoreError, match="does not exist"):
        await TransactionTable.open(dynamodb, f"{names.transactions}-not")


def test_no_account_is_called_like_the_layout() -> None:
    """The item that keeps the layout cannot be a transaction's."""
    assert LAYOUT_ID.startswith("#")
    assert not Account(LAYOUT_ID).isalnum()
    assert "#" not in ACCOUNT_PATTERN
