"""The other ids of a card, on a real server."""

from typing import TYPE_CHECKING

import pytest

from tests.builders import keys, pan
from txn_core.dynamodb.cards import CardTable
from txn_core.dynamodb.tables import TableNames
from txn_core.transactions.identity import Account

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

IDS = keys(versions=3).card_ids(pan())


@pytest.fixture
def cards(dynamodb: "DynamoDBClient", names: TableNames) -> CardTable:
    """The bootstrapped table of card ids."""
    return CardTable(dynamodb, names.cards)


async def test_every_id_leads_to_all_newest_first(cards: CardTable, account: Account) -> None:
    """Whichever a client kept, however often it was noted."""
    for _ in range(2):
        await cards.unite(account, IDS)
    for card_id in IDS:
        assert await cards.ids(account, card_id) == IDS


async def test_what_is_noted_later_is_added(cards: CardTable, account: Account) -> None:
    """A second compromise makes a third id; the second one's events named the first alone."""
    await cards.unite(account, IDS[1:])
    assert await cards.ids(account, IDS[2]) == IDS[1:]
    await cards.unite(account, IDS)
    assert await cards.ids(account, IDS[2]) == IDS


async def test_a_card_that_nobody_noted_is_itself_alone(cards: CardTable, account: Account) -> None:
    """And what one account noted is no other's."""
    await cards.unite(Account(f"{account}-other"), IDS)
    assert await cards.ids(account, IDS[0]) == IDS[:1]
