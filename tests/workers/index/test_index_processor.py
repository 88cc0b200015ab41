"""The index on a real table: the first write of an id wins, whoever comes first here."""

import asyncio
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import arrived, position
from tests.workers.builders import ACCOUNT, event, id_of, later, twin
from tests.workers.conftest import StackFixture
from txn_core.dynamodb.cards import CardTable
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import CONFLICTS_MAX, IndexItem, StoredTransaction
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, MerchantId
from txn_core.transactions.instants import Instant
from workers.events.dead_letters import DeadLetter, DeadLetterBox, Seal
from workers.index.card_ids import CardIds
from workers.index.index_processor import Index, IndexMetrics
from workers.index.merchant_memory import MerchantMemory
from workers.index.precedence import Relation, relate
from workers.metrics import WorkerMetrics

SHOP = (Account("acme"), MerchantId("mer_1"))


def order(second: int) -> WriteOrder:
    return WriteOrder.of(later(second), position(1))


def stored(data: bytes, at: WriteOrder) -> StoredTransaction:
    return StoredTransaction(event=data.decode(), order=at)


def item(data: bytes, at: WriteOrder) -> IndexItem:
    return IndexItem.of(Event.decode(data), data, at)


@pytest.mark.parametrize(
    ("second", "amount", "verdict"),
    [
        (5, 497, Relation.REPLAY),
        (6, 497, Relation.DUPLICATE),
        (4, 497, Relation.EARLIER_DUPLICATE),
        (6, 1, Relation.CONFLICT),
        (4, 1, Relation.EARLIER_CONFLICT),
    ],
)
def test_an_event_is_judged_by_order_and_content(second: int, amount: int, verdict: Relation) -> None:
    first = event(accepted_at=later(5))
    new = twin(first, accepted_at=later(second), amount_minor=amount)
    assert relate(stored(first, order(5)), item(new, order(second))) is verdict


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 99)), max_size=40))
def test_a_merchant_is_known_when_an_earlier_name_was_stored(seen: list[tuple[int, int]]) -> None:
    memory, smallest = MerchantMemory(), dict[int, int]()
    for merchant, second in seen:
        key = (Account("acme"), MerchantId(f"mer_{merchant}"))
        assert memory.knows(*key, order(second)) == (smallest.get(merchant, 10**9) <= second)
        memory.remember(*key, order(second))
        smallest[merchant] = min(second, smallest.get(merchant, second))


def test_a_name_that_is_known_until_an_end_is_written_again_for_longer() -> None:
    """For ever is longer than any end, and nothing is longer than for ever."""
    memory = MerchantMemory()
    for end in (100, 200, None):
        assert not memory.knows(*SHOP, order(1), end)
        memory.remember(*SHOP, order(1), end)
        assert memory.knows(*SHOP, order(1), end)
    assert memory.knows(*SHOP, order(2), 10**12)


def test_of_a_name_that_was_over_no_order_is_known() -> None:
    """The table holds the spelling of the write that came then: an even earlier one of the same days is written."""
    memory, long_ago = MerchantMemory(), WriteOrder.of(Instant("2025-01-01T00:00:00.000000Z"), position(1))
    memory.remember(*SHOP, long_ago, 1_740_000_000)
    memory.remember(*SHOP, order(5), 1_800_000_000)
    assert not memory.knows(*SHOP, order(4), 1_800_000_000)


def test_the_memory_of_merchants_is_bounded() -> None:
    memory = MerchantMemory(merchants_max=2)
    for name in ("one", "two", "three"):
        memory.remember(Account("acme"), MerchantId(name), order(1))
    assert not memory.knows(Account("acme"), MerchantId("one"), order(1))
    assert memory.knows(Account("acme"), MerchantId("three"), order(1))


@pytest.fixture
def index(world: StackFixture) -> Index:
    metrics = WorkerMetrics("index")
    names = TableNames(world.settings.table_prefix)
    return Index(
        transactions=world.transactions,
        merchants=MerchantTable(world.dynamodb, names.merchants),
        dead_letters=DeadLetterBox(world.store, Seal.of(world.settings), "index", world.settings.stream, metrics),
        metrics=metrics,
        counts=IndexMetrics(metrics),
        memory=MerchantMemory(),
        cards=CardIds(CardTable(world.dynamodb, names.cards)),
        checkpointer=world.checkpointer("index"),
        slots=asyncio.Semaphore(8),
        writes_max=8,
    )


async def winner(world: StackFixture, id_: str) -> StoredTransaction:
    found = await world.transactions.get(ACCOUNT, id_)  # type: ignore[arg-type]
    assert found is not None
    return found


def of_order(data: bytes, number: int) -> StreamRecord:
    return arrived(data, position(number))


async def test_the_earliest_write_wins_in_whatever_order_they_come(world: StackFixture, index: Index) -> None:
    """Three writes of an id, one a repeat of the first, one of other content: always the same end."""
    conflicts = []
    for nth, arrangement in enumerate(permutations(range(3))):
        first = event(f"permuted-{nth}", accepted_at=later(0))
        writes = [first, twin(first, accepted_at=later(1)), twin(first, accepted_at=later(2), amount_minor=1)]
        for i in arrangement:
            await index.write(of_order(writes[i], 10 * nth + i))
        won, conflict = await winner(world, f"permuted-{nth}"), position(10 * nth + 2)
        assert won.event.encode() == first
        assert won.conflicts == (WriteOrder.of(later(2), conflict),)
        conflicts.append((conflict, writes[2]))
    dead_letters = await world.dead_letters()
    assert sorted(((letter.origin.position, letter.data) for letter in dead_letters), key=str) == sorted(
        conflicts, key=str
    )


async def test_all_writes_of_an_id_at_once_end_the_same(world: StackFixture, index: Index) -> None:
    first = event("raced-00", accepted_at=later(0))
    writes = [twin(first, accepted_at=later(s), amount_minor=497 if s % 2 == 0 else s) for s in reversed(range(8))]
    await index.write_all([of_order(data, 200 - i) for i, data in enumerate(writes)])
    won = await winner(world, "raced-00")
    assert won.event.encode() == first
    odd = {WriteOrder.of(later(s), position(200 - 7 + s)) for s in range(1, 8, 2)}
    assert set(won.conflicts) == odd
    assert len(won.others) == len(writes) - 1
    assert {letter.origin.position for letter in await world.dead_letters()} >= {o.parts()[1] for o in odd}


async def test_conflicts_are_the_same_in_whatever_order_writes_come(world: StackFixture, index: Index) -> None:
    """A repeat of a loser, the winner's own repeat, and the winner last: what is noted does not depend on it."""
    for nth, arrangement in enumerate(permutations(range(4))):
        first = event(f"shuffled-{nth}", accepted_at=later(0))
        amounts = (497, 1, 1, 497)
        writes = [twin(first, accepted_at=later(s), amount_minor=amount) for s, amount in enumerate(amounts)]
        for i in arrangement:
            await index.write(of_order(writes[i], 10 * nth + i))
        orders = [WriteOrder.of(later(s), position(10 * nth + s)) for s in range(4)]
        won = await winner(world, f"shuffled-{nth}")
        assert (won.event.encode(), won.order) == (first, orders[0])
        assert won.conflicts == (orders[1], orders[2])
        assert sorted(won.others) == orders[1:]
        assert {order: event.encode() for order, event in won.contents.items()} == {
            orders[i]: writes[i] for i in (1, 2)
        }
        for i in (1, 2):
            letter = DeadLetter.conflict("index", world.settings.stream, orders[i], writes[i])
            kept = Seal.of(world.settings).open(await world.store.read(letter.key))
            assert kept.data == writes[i], "each write that contradicts is kept byte for byte"


async def test_a_replay_changes_nothing(world: StackFixture, index: Index) -> None:
    first = event("replayed", accepted_at=later(0))
    writes = [
        of_order(first, 1),
        of_order(twin(first, accepted_at=later(1), amount_minor=1), 2),
        of_order(b"poison", 3),
    ]
    await index.write_all(writes)
    before, objects = await winner(world, "replayed"), await world.objects()
    await index.write_all(writes)
    assert await winner(world, "replayed") == before
    assert await world.objects() == objects
    assert index.metrics.registry.get_sample_value("txn_index_conflicts_total") == 1


async def test_poison_becomes_a_letter_and_its_neighbours_are_indexed(world: StackFixture, index: Index) -> None:
    sound = event()
    await index.write_all([of_order(b"poison", 1), of_order(sound, 2), of_order(b"", 3)])
    assert (await winner(world, id_of(sound))).event.encode() == sound
    dead_letters = await world.dead_letters()
    assert {(letter.reason, letter.origin.worker, letter.data) for letter in dead_letters} == {
        ("undecodable", "index", b"poison"),
        ("undecodable", "index", b""),
    }
    count = index.metrics.registry.get_sample_value("txn_index_dead_letters_total", {"reason": "undecodable"})
    assert count == 2


async def test_conflicts_on_one_item_are_bounded_and_the_letters_are_not(world: StackFixture, index: Index) -> None:
    """An item holds 400 KB; a client that reuses one id for ever must not stop the shard."""
    first = event("overused", accepted_at=later(0))
    extra = 5
    for at in range(CONFLICTS_MAX + extra + 1):
        await index.write(of_order(twin(first, accepted_at=later(at), amount_minor=at), at + 1))
    assert len((await winner(world, "overused")).conflicts) == CONFLICTS_MAX
    assert len(await world.dead_letters()) == CONFLICTS_MAX + extra


async def test_a_merchants_name_is_that_of_its_first_write(world: StackFixture, index: Index) -> None:
    def named(name: str, second: int) -> StreamRecord:
        return of_order(event(merchant={"name": name}, accepted_at=later(second)), second)

    for name, second in (("ACME  shop", 3), ("Acme Shop", 1), ("acme shop", 2)):
        await index.write(named(name, second))
    names, more = await index.merchants.page(ACCOUNT, "acme", after=None, limit=10)
    assert [n.name for n in names] == ["Acme Shop"]
    assert not more
