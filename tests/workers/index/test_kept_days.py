"""The index under kept days: what comes too late, what is sent again, and what a reconciliation says of it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.builders import arrived, position
from tests.txn_core.dynamodb.test_expiry import KEPT_DAYS, OVER_S, Clock, on_day
from tests.workers.builders import ACCOUNT, event, id_of, twin
from tests.workers.conftest import StackFixture
from tests.workers.events.test_write_probe import index_of
from txn_cli.verify.generation_comparison import compare
from txn_core.bootstrap import bootstrap_generation
from txn_core.dynamodb.expiry import DAY_S, Expiry, end_of
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.transactions.event import Event
from txn_core.transactions.identity import CardId, normalise_merchant
from workers.index.index_evidence import IndexEvidence
from workers.index.index_processor import Index
from workers.index.merchant_memory import MerchantMemory


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index(world: StackFixture, clock: Clock) -> Index:
    """The index of a worker whose clock stands where a test sets it."""
    table = world.transactions
    return index_of(world, TransactionTable(table._client, table._name, table.write_shards, Expiry(KEPT_DAYS, clock)))


def of(data: bytes, number: int) -> StreamRecord:
    return arrived(data, position(number))


async def test_an_event_that_comes_behind_its_kept_days_is_not_written(index: Index, clock: Clock) -> None:
    """As when a generation is built from a lake that is older; it is counted, and its merchant is not named."""
    clock.now_s = OVER_S
    data = event(accepted_at=on_day(0))
    await index.write_all([of(data, 1), of(event(accepted_at=on_day(1)), 2)])
    assert index.metrics.registry.get_sample_value("txn_index_events_over_total") == 1
    clock.now_s = OVER_S - DAY_S
    assert await index.transactions.get(ACCOUNT, id_of(data)) is None


@pytest.mark.parametrize("amount_minor", [497, 1])
async def test_an_id_that_is_sent_again_lives_on(index: Index, clock: Clock, amount_minor: int) -> None:
    """Its last 202 counts, be it of the same content or of other; a replay changes nothing."""
    first = event(accepted_at=on_day(0))
    again = twin(first, accepted_at=on_day(20), amount_minor=amount_minor)
    await index.write_all([of(first, 1)])
    for _ in range(2):
        await index.write_all([of(again, 2)])
    clock.now_s = OVER_S + 20 * DAY_S - 1
    found = await index.transactions.get(ACCOUNT, id_of(first))
    assert found is not None
    assert found.event.encode() == first
    assert len(found.conflicts) == (amount_minor == 1)
    clock.now_s += 1
    assert await index.transactions.get(ACCOUNT, id_of(first)) is None


@pytest.mark.parametrize("late_s", [-60, 300], ids=["at once", "behind midnight"])
@pytest.mark.parametrize("turned", [False, True])
async def test_at_the_border_the_moment_of_indexing_decides_nothing(
    index: Index, clock: Clock, late_s: int, *, turned: bool
) -> None:
    """A write that was accepted before the first was over is a conflict, whenever a worker comes to it."""
    first = event(accepted_at=on_day(0))
    again = twin(first, accepted_at=on_day(30), amount_minor=1)
    order = [of(first, 1), of(again, 2)]
    await index.write(order[turned])
    clock.now_s = OVER_S + (min(late_s, -60) if turned else late_s)
    await index.write(order[not turned])
    clock.now_s = OVER_S + 1
    found = await index.transactions.get(ACCOUNT, id_of(first))
    assert found is not None
    assert (found.event.encode(), len(found.conflicts)) == (first, 1)
    assert found.expires_at == OVER_S + 30 * DAY_S


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
@pytest.mark.parametrize("for_ever", [False, True])
async def test_what_leads_to_a_transaction_lives_as_long(index: Index, *, for_ever: bool, turned: bool) -> None:
    """Its merchant's name and its card's other ids, though the write that lets it live on has others."""
    alias, merchant = CardId("card_2_" + "0" * 32), f"Shop {for_ever} {turned}"
    first = twin(
        event(accepted_at=on_day(0), merchant={"name": merchant, "category": "misc_net"}), card_aliases=(alias,)
    )
    again = event(id_of(first), accepted_at=on_day(20), amount_minor=1)
    unending = TransactionTable(index.transactions._client, index.transactions._name, index.transactions.write_shards)
    later = replace(index, transactions=unending if for_ever else index.transactions)
    for data, number in ((again, 2), (first, 1)) if turned else ((first, 1), (again, 2)):
        await (index if data is first else later).write(of(data, number))
    found = await index.transactions.get(ACCOUNT, id_of(first))
    assert found is not None
    assert found.event.encode() == first
    end = None if for_ever else OVER_S + 20 * DAY_S
    decoded, client = Event.decode(first), index.transactions._client
    name: Any = {"account": {"S": ACCOUNT}, "name": {"S": normalise_merchant(merchant)}}
    rows = [await client.get_item(TableName=index.merchants._name, Key=name)]
    for card_id in (decoded.card_id, alias):
        key = {"card": {"S": f"{ACCOUNT}#{card_id}"}}
        rows.append(await client.get_item(TableName=index.cards._table._name, Key=key))
    assert [found.expires_at, *(end_of(row["Item"]) for row in rows)] == [end] * 4


async def test_an_id_whose_transaction_is_over_is_written_anew(index: Index, clock: Clock) -> None:
    """While the server has not removed the old row, and when several come at once."""
    first = event(accepted_at=on_day(0))
    await index.write_all([of(first, 1)])
    clock.now_s = OVER_S
    writes = [twin(first, accepted_at=on_day(31), amount_minor=7), twin(first, accepted_at=on_day(32))]
    async with asyncio.TaskGroup() as tasks:
        for number, data in enumerate(writes):
            tasks.create_task(index.write_all([of(data, 10 + number)]))
    found = await index.transactions.get(ACCOUNT, id_of(first))
    assert found is not None
    assert found.event.encode() == writes[0]
    assert len(found.conflicts) == 1


async def test_a_reconciliation_misses_nothing_that_is_over(index: Index, world: StackFixture, clock: Clock) -> None:
    """Nor a first write that a rebuild did not see any more, beside a later one that it did."""
    evidence = IndexEvidence(index.transactions, world.store, world.settings.stream)
    first = event(accepted_at=on_day(0))
    records = [of(first, 1), of(twin(first, accepted_at=on_day(20)), 2), of(event(accepted_at=on_day(20)), 3)]
    assert await evidence.faults(records) == ["missing_in_index"] * 3
    clock.now_s = OVER_S
    await index.write_all(records[1:2])
    assert await evidence.faults(records) == [None, None, "missing_in_index"]


async def test_without_the_setting_nothing_has_an_end(index: Index) -> None:
    for_ever = replace(index, transactions=TransactionTable(index.transactions._client, index.transactions._name, 1))
    data = event(accepted_at=on_day(0))
    await for_ever.write_all([of(data, 1)])
    found = await for_ever.transactions.get(ACCOUNT, id_of(data))
    assert found is not None
    assert found.expires_at is None


async def test_generations_are_compared_without_what_is_over(index: Index, world: StackFixture, clock: Clock) -> None:
    """One was written in time, the other when some was over: of what is not, they hold the same."""
    first, second = (TableNames(world.settings.table_prefix, generation) for generation in (1, 2))
    settings = world.settings.model_copy(update={"index_generation": 2})
    await bootstrap_generation(world.dynamodb, settings, origin="TRIM_HORIZON", from_lake=False)
    old, again, fresh = event(accepted_at=on_day(0)), event(accepted_at=on_day(0)), event(accepted_at=on_day(20))
    records = [of(old, 1), of(again, 2), of(fresh, 3), of(twin(again, accepted_at=on_day(20)), 4)]
    expiry = Expiry(KEPT_DAYS, clock)
    later = replace(
        index,
        transactions=TransactionTable(world.dynamodb, second.transactions, index.transactions.write_shards, expiry),
        merchants=MerchantTable(world.dynamodb, second.merchants),
        memory=MerchantMemory(),
    )
    await index.write_all(records)
    clock.now_s = OVER_S
    await later.write_all(records)
    faults: list[tuple[str, str, str]] = []
    found = await compare(world.dynamodb, first, second, lambda *fault: faults.append(fault), expiry)
    assert all(each.equal for each in found), faults
    assert found[0].items == 1
    unaware = await compare(world.dynamodb, first, second, lambda *_: None, Expiry(None, lambda: 0.0))
    assert not all(each.equal for each in unaware)
