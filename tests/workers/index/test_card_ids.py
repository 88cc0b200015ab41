"""Which events make a worker write a card's ids, and how often."""

from collections.abc import Collection

from tests.builders import card_number, encoded, keys
from txn_core.dynamodb.cards import CardTable
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, CardId
from workers.index.card_ids import CardIds


class NotedCards(CardTable):
    """A table that counts what it is told."""

    def __init__(self) -> None:
        self.noted: list[set[CardId]] = []
        self.ends: list[int | None] = []

    async def unite(self, account: Account, card_ids: Collection[CardId], expires_at: int | None = None) -> None:
        self.noted.append(set(card_ids))
        self.ends.append(expires_at)


def event(card: int = 1, *, versions: int = 2) -> Event:
    return Event.decode(encoded(card_number=card_number(card), ring=keys(versions=versions)).data)


async def test_events_of_one_key_version_write_nothing() -> None:
    table = NotedCards()
    await CardIds(table).note(event(versions=1))
    assert table.noted == []


async def test_each_cards_ids_are_written_once() -> None:
    """By one process; another one's writes change nothing."""
    table = NotedCards()
    cards = CardIds(table)
    for card in (1, 2, 1, 2):
        await cards.note(event(card))
    assert [len(ids) for ids in table.noted] == [2, 2]
    assert table.noted[0].isdisjoint(table.noted[1])


async def test_ids_that_are_to_be_kept_for_longer_are_written_again() -> None:
    """For ever is longer than any end."""
    table = NotedCards()
    cards = CardIds(table)
    for expires_at in (100, 100, 200, 100, None, 300, None):
        await cards.note(event(), expires_at)
    assert table.ends == [100, 200, None]


async def test_the_memory_is_bounded() -> None:
    """A card that was forgotten is written again."""
    table = NotedCards()
    cards = CardIds(table, cards_max=1)
    for card in (1, 2, 2, 1):
        await cards.note(event(card))
    assert len(table.noted) == 3
