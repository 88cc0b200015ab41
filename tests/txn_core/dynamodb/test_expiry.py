"""Rows of the index that are over: there for nobody, whether or not the server has removed them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.builders import ACCEPTED_AT, encoded, index_item, keys, position, request, transaction_id
from txn_core.dynamodb.cards import CardTable
from txn_core.dynamodb.expiry import DAY_S, Expiry, end_of, latest
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.ranges import Span
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, CardId
from txn_core.transactions.instants import Instant, instant_of

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

KEPT_DAYS = 30
FIRST_DAY_S = int(datetime(2026, 1, 2, tzinfo=UTC).timestamp())  # of `ACCEPTED_AT`
OVER_S = FIRST_DAY_S + (KEPT_DAYS + 1) * DAY_S
ID = transaction_id(0)
PAST_S, FUTURE_S = FIRST_DAY_S, 4_102_444_800


class Clock:
    """Seconds since 1970, as a test sets them."""

    now_s = float(FIRST_DAY_S)

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(dynamodb: "DynamoDBClient", names: TableNames, clock: Clock) -> TransactionTable:
    """The index table of a worker whose clock stands where a test sets it."""
    return TransactionTable(dynamodb, names.transactions, 3, Expiry(KEPT_DAYS, clock))


def on_day(day: int) -> Instant:
    """A moment of a day, counted from the one on which events are accepted by default."""
    return instant_of(datetime.fromtimestamp(FIRST_DAY_S + day * DAY_S + 3600, UTC))


def item_of(account: Account, *, day: int = 0, at: int = 1, **changes: object) -> IndexItem:
    return index_item(encoded(request(**changes), account=account, accepted_at=on_day(day)), position(at))


def test_a_row_is_kept_for_whole_days_behind_its_own() -> None:
    """All of a day are over at one midnight in UTC, and none is kept for less than was set."""
    expiry = Expiry(KEPT_DAYS)
    for moment in ("2026-01-02T00:00:00.000000Z", ACCEPTED_AT, "2026-01-02T23:59:59.999999Z"):
        assert expiry.at(Instant(moment)) == OVER_S
    assert OVER_S % DAY_S == 0
    assert Expiry().at(ACCEPTED_AT) is None
    assert latest(1, 2) == latest(2, 1) == 2
    assert latest(None, 2) is latest(1, None) is None


@pytest.mark.parametrize(("now_s", "over"), [(OVER_S - 1, False), (OVER_S, True)])
def test_the_end_is_exact(now_s: int, *, over: bool) -> None:
    assert Expiry(KEPT_DAYS, lambda: now_s).is_over(ACCEPTED_AT) is over
    assert Expiry(None, lambda: now_s).has_passed({"expires_at": {"N": str(OVER_S)}}) is over
    assert not Expiry(None, lambda: now_s).has_passed({})


async def test_what_is_over_is_found_in_no_way(kept: TransactionTable, account: Account, clock: Clock) -> None:
    """By id, by many ids, by card and by merchant; a reader needs no setting for that."""
    old, fresh = item_of(account), item_of(account, day=9, at=2, transaction_id="still-there")
    ranges = [
        kept.by_card(account, [old.card_id], Span(limit=1)),
        kept.by_merchant(account, old.merchant_id, Span(limit=1)),
    ]
    for item in (old, fresh):
        assert await kept.put_if_absent(item)
    assert [len((await kept.page(each)).rows) for each in ranges] == [1, 1]
    assert (await kept.page(ranges[0])).has_more
    clock.now_s = OVER_S
    reader = TransactionTable(kept._client, kept._name, 3, Expiry(None, clock))
    assert await reader.get(account, ID) is None
    assert list(await reader.get_all([old.key, fresh.key])) == [fresh.key]
    for each in ranges:
        page = await reader.page(each)
        assert [Event.decode(row.event).transaction_id for row in page.rows] == ["still-there"]
        assert not page.has_more


async def test_an_id_whose_transaction_is_over_is_free_again(
    kept: TransactionTable, account: Account, clock: Clock
) -> None:
    """Whether or not the server has removed the row. It is taken by what was not over when the next was accepted."""
    old, fresh = item_of(account), item_of(account, day=31, at=2, amount_minor=7)
    too_early = item_of(account, day=30, at=2, amount_minor=7)
    assert await kept.put_if_over(old)
    clock.now_s = OVER_S + DAY_S
    assert not await kept.put_if_over(too_early)
    assert await kept.get(account, ID) is None
    assert await kept.get(account, ID, at=fresh.accepted_at) is None
    seen = await kept.get(account, ID, at=too_early.accepted_at)
    assert seen is not None
    assert seen.event == old.event
    assert not await kept.put_if_absent(fresh)
    assert await kept.put_if_over(fresh)
    found = await kept.get(account, ID)
    assert found is not None
    assert (found.event, found.expires_at) == (fresh.event, OVER_S + 31 * DAY_S)


async def test_a_transaction_lives_as_long_as_its_last_202(kept: TransactionTable, account: Account) -> None:
    """Never shorter than before, and one that is kept for ever stays so."""
    first = item_of(account)
    assert await kept.put_if_absent(first)
    for day, until_day in ((3, 3), (1, 3), (4, 4)):
        seen = await kept.get(account, ID)
        assert seen is not None
        await kept.keep_longer(item_of(account, day=day, at=2), seen=seen)
        found = await kept.get(account, ID)
        assert found is not None
        assert (found.event, found.expires_at) == (first.event, OVER_S + until_day * DAY_S)
    stale = await kept.get(account, ID)
    assert stale is not None
    earlier = item_of(account, day=-1, at=0)
    assert await kept.replace(earlier, seen=stale, conflicts=(), others={})
    found = await kept.get(account, ID)
    assert found is not None
    assert (found.event, found.expires_at) == (earlier.event, OVER_S + 4 * DAY_S)


async def test_without_the_setting_a_transaction_that_is_sent_again_is_kept_for_ever(
    kept: TransactionTable, transactions: TransactionTable, account: Account
) -> None:
    """The setting was taken away: the end goes, unless the transaction has changed meanwhile."""
    first = item_of(account)
    assert await kept.put_if_absent(first)
    seen = await kept.get(account, ID)
    assert seen is not None
    await transactions.keep_longer(
        item_of(account, day=3, at=2), seen=replace(seen, order=item_of(account, at=9).order)
    )
    assert await kept.get(account, ID) == seen
    await transactions.keep_longer(item_of(account, day=3, at=2), seen=seen)
    assert await kept.get(account, ID) == replace(seen, expires_at=None)


async def test_what_was_written_before_the_setting_is_kept_for_ever(
    kept: TransactionTable, transactions: TransactionTable, account: Account
) -> None:
    """A later write of the id changes nothing of that; nor does an earlier one that takes its place."""
    assert await transactions.put_if_absent(item_of(account))
    seen = await transactions.get(account, ID)
    assert seen is not None
    await kept.keep_longer(item_of(account, day=3, at=2), seen=seen)
    assert await kept.replace(item_of(account, day=-1, at=0), seen=seen, conflicts=(), others={})
    found = await kept.get(account, ID)
    assert found is not None
    assert found.expires_at is None


async def test_names_of_merchants_are_over_with_their_last_transaction(
    dynamodb: "DynamoDBClient", names: TableNames, account: Account
) -> None:
    """The first spelling stays, in whatever order they come; a page of names that are over is no empty page."""
    table = MerchantTable(dynamodb, names.merchants)

    async def put(name: str, at: int, expires_at: int | None) -> None:
        order = WriteOrder.of(ACCEPTED_AT, position(at))
        await table.put_first(account, keys().merchant_id(name), name, order, expires_at)

    for number in range(5):
        await put(f"gone {number}", 1, PAST_S)
    await put("Late", 2, FUTURE_S)
    await put("LATE", 1, PAST_S)  # an earlier write that comes later gives the name, and takes no time from it
    await put("Kept", 1, PAST_S)
    await put("KEPT", 2, FUTURE_S)  # over, and there again: the name is of what is there
    await put("Stays", 1, None)
    await put("STAYS", 2, PAST_S)
    for ends in ((PAST_S, None), (FUTURE_S, None)):  # the setting was taken away: one name was over, the other lives
        for at, end in enumerate(ends):
            await put(f"for ever {ends[0]}", at, end)
    found, after = [], None
    while True:
        page, has_more = await table.page(account, "", after=after, limit=2)
        found += [merchant.name for merchant in page]
        if not has_more:
            break
        after = page[-1].key
    assert found == [f"for ever {PAST_S}", f"for ever {FUTURE_S}", "KEPT", "LATE", "Stays"]
    scanned = await dynamodb.query(
        TableName=names.merchants,
        KeyConditionExpression="account = :account",
        ExpressionAttributeValues={":account": {"S": account}},
    )
    kept = {item["display_name"]["S"]: end_of(item) for item in scanned["Items"]}
    assert [kept[f"for ever {end}"] for end in (PAST_S, FUTURE_S)] == [None, None]


async def test_ids_of_a_card_are_over_with_its_last_transaction(
    dynamodb: "DynamoDBClient", names: TableNames, account: Account
) -> None:
    """Those that were noted before the setting stay."""
    table = CardTable(dynamodb, names.cards)
    new, old = CardId("card_2_" + "0" * 32), CardId("card_1_" + "0" * 32)
    await table.unite(account, [new, old], PAST_S)
    assert await table.ids(account, old) == (old,)
    for expires_at in (FUTURE_S, PAST_S):
        await table.unite(account, [new, old], expires_at)
        assert await table.ids(account, old) == (new, old)
    other = Account(f"{account}-other")
    for at in (None, PAST_S, FUTURE_S):
        await table.unite(other, [new, old], at)
        assert await table.ids(other, old) == (new, old)
    await table.unite(account, [new, old])  # the setting was taken away
    for owner in (account, other):
        assert await end_of_card(dynamodb, names, owner, old) is None


async def end_of_card(dynamodb: "DynamoDBClient", names: TableNames, account: Account, card_id: CardId) -> int | None:
    found = await dynamodb.get_item(TableName=names.cards, Key={"card": {"S": f"{account}#{card_id}"}})
    return end_of(found["Item"])
