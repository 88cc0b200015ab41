"""The names of merchants on a real server."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import ACCEPTED_AT, keys, position
from txn_core.dynamodb.merchants import MerchantName, MerchantTable
from txn_core.dynamodb.tables import TableNames
from txn_core.positions import WriteOrder
from txn_core.transactions.identity import Account, normalise_merchant

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

NAMES = ["Bode, Rippin and Mann", "O'Hara-Sons", "rippin Ltd", "Rippin, Kub and Mann", "\u00c9t\u00e9", "Zieme"]


@pytest.fixture
def table(dynamodb: "DynamoDBClient", names: TableNames) -> MerchantTable:
    """The bootstrapped table of merchant names."""
    return MerchantTable(dynamodb, names.merchants)


async def put(table: MerchantTable, account: Account, name: str, at: int = 1) -> None:
    await table.put_first(account, keys().merchant_id(name), name, WriteOrder.of(ACCEPTED_AT, position(at)))


async def walk(table: MerchantTable, account: Account, prefix: str, limit: int) -> list[str]:
    found: list[MerchantName] = []
    more, after = True, None
    while more:
        rows, more = await table.page(account, prefix, after=after, limit=limit)
        assert len(rows) <= limit
        found += rows
        after = rows[-1].key if rows else None
        assert after is not None or not more
    return [row.name for row in found]


async def test_the_earliest_spelling_stays_whatever_comes_first(table: MerchantTable, account: Account) -> None:
    """Names are written in any order and any number of times; the earliest transaction's spelling is shown."""
    for name, at in [("KUB AND MANN", 5), ("kub and mann", 9), ("Kub and  Mann", 2), ("Kub And Mann", 3)]:
        await put(table, account, name, at)
        await put(table, account, name, at)
    rows, more = await table.page(account, "", after=None, limit=10)
    assert rows == [MerchantName(keys().merchant_id("kub and mann"), "Kub and  Mann", "kub and mann")]
    assert not more


async def test_ignorable_characters_make_no_row_of_their_own(table: MerchantTable, account: Account) -> None:
    """The merchant is the same, spelt as in its first transaction; a name of nothing else, of before, has its row."""
    for name, at in [("Kub and Mann", 5), ("Kub\u200b and Mann", 2), ("\ufeffKub and Mann", 7), ("\u200b", 8)]:
        await put(table, account, name, at)
    rows, _ = await table.page(account, "", after=None, limit=10)
    assert rows == [
        MerchantName(keys().merchant_id("kub and mann"), "Kub\u200b and Mann", "kub and mann"),
        MerchantName(keys().merchant_id("\u200b"), "\u200b", "\u200b"),
    ]


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7, 1000])
async def test_names_are_walked_in_the_order_of_their_keys(
    table: MerchantTable, account: Account, limit: int
) -> None:
    """Every page size gives every name once."""
    for name in NAMES:
        await put(table, account, name)
    assert await walk(table, account, "", limit) == sorted(NAMES, key=normalise_merchant)


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("RIP", ["rippin Ltd", "Rippin, Kub and Mann"]),
        ("rippin,  K", ["Rippin, Kub and Mann"]),
        ("o'h", ["O'Hara-Sons"]),
        ("e\u0301T", ["\u00c9t\u00e9"]),
        ("ippin", []),
        ("\u200bo\u00ad'H", ["O'Hara-Sons"]),
        ("rippin\ufeff", ["rippin Ltd", "Rippin, Kub and Mann"]),
        ("  ", sorted(NAMES, key=normalise_merchant)),
        ("\ufeff ", sorted(NAMES, key=normalise_merchant)),
    ],
)
async def test_a_prefix_is_found_in_any_casing_and_spacing(
    table: MerchantTable, account: Account, prefix: str, found: list[str]
) -> None:
    """Prefixes are normalised as names are, with their commas and apostrophes."""
    for name in NAMES:
        await put(table, account, name)
    for limit in (1, 100):
        assert await walk(table, account, prefix, limit) == found


async def test_accounts_do_not_see_each_others_merchants(table: MerchantTable, account: Account) -> None:
    """A name belongs to the account that sent it."""
    await put(table, account, "Kub")
    assert await walk(table, Account(f"{account}-2"), "", 10) == []


async def test_a_page_that_the_server_cut_short_has_more(table: MerchantTable, account: Account) -> None:
    """DynamoDB reads a megabyte at most: fewer rows than were asked for do not mean the end."""
    for number in range(3):
        await put(table, account, f"{number} Kub")
    client = CutShort(table._client, rows_max=2)
    cut = MerchantTable(client, table._name)  # type: ignore[arg-type]
    rows, more = await cut.page(account, "", after=None, limit=10)
    assert (len(rows), more) == (2, True)
    assert await walk(cut, account, "", 10) == ["0 Kub", "1 Kub", "2 Kub"]


class CutShort:
    """A client whose queries answer fewer rows than asked for, as DynamoDB does at a megabyte."""

    def __init__(self, client: "DynamoDBClient", rows_max: int) -> None:
        self._client, self._rows_max = client, rows_max

    async def query(self, **request: object) -> object:
        limit = min(int(str(request["Limit"])), self._rows_max)
        return await self._client.query(**{**request, "Limit": limit})  # type: ignore[arg-type]


async def test_many_names_that_are_over_are_passed_over_in_few_reads() -> None:
    """Each page of them is twice as large as the one before, up to a thousand."""
    over, limits = 20_000, list[int]()

    class Names:
        async def query(self, **request: Any) -> Any:
            first = int(request.get("ExclusiveStartKey", {"name": {"S": "-1"}})["name"]["S"]) + 1
            last = first + request["Limit"] - 1
            limits.append(request["Limit"])
            items = [{"expires_at": {"N": "0"}}] * (min(last, over - 1) - first + 1)
            return {"Items": items} | ({"LastEvaluatedKey": {"name": {"S": str(last)}}} if last < over else {})

    client: Any = Names()
    page, has_more = await MerchantTable(client, "merchants").page(Account("acme"), "", after=None, limit=10)
    assert (page, has_more) == ([], False)
    assert len(limits) < 30
    assert (limits[0], max(limits)) == (11, 1000)
