"""Processes that tell each other of masks: in memory, with a table that is slow, away or busy."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from tests.builders import ACCOUNT, keys
from tests.txn_api.asgi import until
from txn_api.access.rate_limits import Bucket
from txn_api.card_masks import mask_shares
from txn_api.card_masks.mask_cards import ROOM_BYTES, MaskCards
from txn_api.card_masks.mask_shares import UNSHARED_MIN, MaskShares
from txn_api.writes.fair_memory import FairMemory
from txn_core.transactions.identity import Account

ENDS_AT = 1_800_000_000
MASK = "999999******1234"


@dataclass
class Table:
    """The table of all processes, as `MaskCardTable.add` serves it."""

    sets: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    calls: list[str] = field(default_factory=list)
    expiries: set[int] = field(default_factory=set)
    away: bool = False
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def add(self, mask_id: str, digests: Iterable[int], expires_at_s: int) -> list[int]:
        """Add cards, once the table is open."""
        added = list(digests)
        await self.open.wait()
        if self.away:
            raise TimeoutError
        self.calls.append(mask_id)
        self.expiries.add(expires_at_s)
        self.sets[mask_id] |= set(added)
        return list(self.sets[mask_id])


def shares(table: Table, *, per_s: int = 1_000_000, registry: CollectorRegistry | None = None) -> MaskShares:
    """One process's."""
    return MaskShares(
        table.add, keys().mask_id, FairMemory(ROOM_BYTES), registry=registry, rate=Bucket(per_s), away_s=0.01
    )


def cards_with(*digests: int, account: Account = ACCOUNT) -> MaskCards:
    """What a process knows of a mask."""
    cards = MaskCards(account)
    for digest in sorted(digests):
        cards.add(cards.count, digest)
    return cards


async def test_each_process_learns_the_cards_of_all() -> None:
    """A card that two of them had is one card."""
    table = Table()
    mine, others = cards_with(1, 2, 3), cards_with(3, 4)
    for cards in (mine, others, mine):
        told = shares(table)
        told.tell(cards, MASK, ENDS_AT)
        await told.close()
    assert (mine.count, others.count) == (4, 4)
    assert list(mine.digests) == list(others.digests) == [1, 2, 3, 4]
    assert len(table.sets) == 1
    assert not mine.unshared
    assert min(table.expiries) > ENDS_AT


async def test_masks_accounts_and_days_are_apart() -> None:
    """And what stands in the table names neither account nor mask."""
    table = Table()
    told = shares(table)
    told.tell(cards_with(1), MASK, ENDS_AT)
    told.tell(cards_with(1), MASK.replace("1234", "1235"), ENDS_AT)
    told.tell(cards_with(1), MASK, ENDS_AT + 86_400)
    told.tell(cards_with(1, account=Account("other")), MASK, ENDS_AT)
    await told.close()
    assert len(table.sets) == 4
    assert not any(part in mask_id for mask_id in table.sets for part in (ACCOUNT, MASK, "999999"))


async def test_cards_that_come_during_a_call_are_told_by_the_next() -> None:
    """A mask waits once, however many of its cards came meanwhile."""
    table = Table()
    table.open.clear()
    told, cards = shares(table), cards_with(1)
    told.tell(cards, MASK, ENDS_AT)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for digest in range(2, 40):
        cards.add(cards.count, digest)
        told.tell(cards, MASK, ENDS_AT)
    table.open.set()
    await told.close()
    assert len(table.calls) <= 3
    assert next(iter(table.sets.values())) == set(range(1, 40))


async def test_no_more_than_half_of_what_is_left_is_taken_unheard() -> None:
    """As long as nobody knows what the others took."""
    table = Table()
    table.open.clear()
    told, cards = shares(table), cards_with(1)
    told.tell(cards, MASK, ENDS_AT)
    while told.admits(cards, 1_000):
        cards.add(cards.count, cards.count + 1)
    assert cards.count == 333
    nearly_full = cards_with(*range(UNSHARED_MIN))
    assert not told.admits(nearly_full, UNSHARED_MIN + 10)
    assert told.admits(cards_with(*range(UNSHARED_MIN - 1)), UNSHARED_MIN + 10)
    table.open.set()
    await told.close()
    assert told.admits(cards, 1_000)


async def test_while_the_table_is_away_a_process_goes_on_by_what_it_knows() -> None:
    """What it could not tell it tells later."""
    table, registry = Table(away=True), CollectorRegistry()
    told, cards = shares(table, registry=registry), cards_with(*range(900))
    assert not told.admits(cards, 1_000)
    told.tell(cards, MASK, ENDS_AT)
    await until(lambda: registry.get_sample_value("txn_api_mask_shares_total", {"outcome": "failed"}) == 2)
    assert told.admits(cards, 1_000)
    table.away = False
    await until(lambda: not cards.unshared)
    assert next(iter(table.sets.values())) == set(range(900))
    assert registry.get_sample_value("txn_api_mask_shares_total", {"outcome": "shared"}) == 1
    await told.close()


async def test_a_mask_whose_call_failed_waits_once_though_cards_came_meanwhile() -> None:
    """Its second turn would have no card to tell, which the table refuses: it would count as away from then on."""
    table, registry = Table(away=True), CollectorRegistry()
    table.open.clear()
    told, cards = shares(table, registry=registry), cards_with(1)
    told.tell(cards, MASK, ENDS_AT)
    await until(lambda: not cards.waits)
    cards.add(1, 2)
    told.tell(cards, MASK, ENDS_AT)
    table.open.set()
    await until(lambda: registry.get_sample_value("txn_api_mask_shares_total", {"outcome": "failed"}) == 1)
    table.away = False
    await until(lambda: not cards.unshared)
    await told.close()
    assert next(iter(table.sets.values())) == {1, 2}
    assert not cards.waits
    assert registry.get_sample_value("txn_api_mask_shares_total", {"outcome": "shared"}) == 1


async def test_a_flood_of_masks_costs_calls_at_a_rate_and_holds_up_no_other_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Accounts take turns: the quiet one's mask is among the first, whatever waits. An end waits for a while only."""
    monkeypatch.setattr(mask_shares, "CLOSE_S_MAX", 0.05)
    table = Table()
    told = shares(table, per_s=20)
    for number in range(1_000):
        told.tell(cards_with(1), f"{MASK}{number}", ENDS_AT)
    quiet = cards_with(1, account=Account("quiet"))
    told.tell(quiet, MASK, ENDS_AT)
    await until(lambda: not quiet.unshared)
    assert len(table.calls) <= 3
    began = asyncio.get_running_loop().time()
    await until(lambda: len(table.calls) >= 23)
    await told.close()
    # A second's worth comes at once.
    assert len(table.calls) <= 20 + 20 * (asyncio.get_running_loop().time() - began + 0.5)
    assert sum(len(waiting) for waiting in told._queue.values()) > 900
