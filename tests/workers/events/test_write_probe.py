"""Refusals for good: only a record that is refused alone, while others are taken, is set apart. On real servers."""

import asyncio
import string
from random import Random

import pytest
from botocore.exceptions import ClientError

from tests.builders import arrived, position
from tests.workers.builders import event, id_of, later, records
from tests.workers.conftest import StackFixture, until
from txn_core.dynamodb.cards import CardTable
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event
from workers.events import decoding
from workers.events.dead_letters import DeadLetterBox, Seal
from workers.events.sample_event import SAMPLE, SAMPLE_RECORD
from workers.events.write_probe import IndexWriteProbe
from workers.index.card_ids import CardIds
from workers.index.index_processor import Index, IndexMetrics
from workers.index.merchant_memory import MerchantMemory
from workers.metrics import WorkerMetrics

ITEM_BYTES = 400 << 10


def refusal(code: str, status: int, operation: str = "PutObject") -> ClientError:
    answer = {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)  # type: ignore[arg-type]


def index_of(world: StackFixture, transactions: TransactionTable | None = None) -> Index:
    metrics = WorkerMetrics("index")
    return Index(
        transactions=transactions or world.transactions,
        merchants=MerchantTable(world.dynamodb, TableNames(world.settings.table_prefix).merchants),
        dead_letters=DeadLetterBox(world.store, Seal.of(world.settings), "index", world.settings.stream, metrics),
        metrics=metrics,
        counts=IndexMetrics(metrics),
        memory=MerchantMemory(),
        cards=CardIds(CardTable(world.dynamodb, TableNames(world.settings.table_prefix).cards)),
        checkpointer=world.checkpointer("index"),
        slots=asyncio.Semaphore(8),
        writes_max=8,
    )


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An event that no DynamoDB item holds; what refuses such before any write is switched off."""
    monkeypatch.setattr(decoding, "EVENT_BYTES_MAX", 1 << 20)
    whole = Event.decode(event())
    assert whole.customer is not None
    # Of 64 letters at random, which compress to three quarters.
    job = "".join(Random(0).choices(string.ascii_letters + string.digits + "+/", k=2 * ITEM_BYTES))
    customer = whole.customer.model_copy(update={"job": job})
    return whole.model_copy(update={"customer": customer}).model_dump_json(by_alias=True).encode()


def test_the_sample_event_is_an_event_in_its_canonical_form() -> None:
    assert decoding.decode(SAMPLE_RECORD).arrived is SAMPLE_RECORD
    assert Event.decode(SAMPLE_RECORD.data) == SAMPLE


async def test_an_item_that_the_table_cannot_hold_becomes_a_letter_and_its_neighbours_are_indexed(
    world: StackFixture, large: bytes
) -> None:
    index = index_of(world)
    small = [event(), event()]
    await index.write_all(records(small[0], large, small[1]))
    for data in small:
        stored = await world.transactions.get(Event.decode(data).account, id_of(data))
        assert stored is not None
    (letter,) = await world.dead_letters()
    assert (letter.reason, letter.code, letter.origin.worker) == ("unwritable", "ValidationException", "index")
    assert (letter.origin.position, letter.data) == (position(2), large)
    assert index.metrics.registry.get_sample_value("txn_index_dead_letters_total", {"reason": "unwritable"}) == 1


async def test_an_earlier_write_that_cannot_take_its_place_becomes_a_letter(
    world: StackFixture, large: bytes
) -> None:
    """An update is refused for its item as a put is."""
    index = index_of(world)
    first = Event.decode(large)
    held = event(first.transaction_id, accepted_at=later(9))
    await index.write(arrived(held, position(5)))
    await index.write(arrived(large, position(6)))
    reasons = {letter.reason for letter in await world.dead_letters()}
    assert "unwritable" in reasons
    stored = await world.transactions.get(first.account, first.transaction_id)
    assert stored is not None
    assert stored.event.encode() == held


async def test_trials_write_nothing(world: StackFixture, large: bytes) -> None:
    index = index_of(world)
    trial = IndexWriteProbe(index.transactions, index.merchants)
    order = WriteOrder.of(later(0), position(1))
    sound = event()
    assert await trial.refused_alone(Event.decode(large), large, order)
    assert not await trial.refused_alone(Event.decode(sound), sound, order)
    names = TableNames(world.settings.table_prefix)
    items = (await world.dynamodb.scan(TableName=names.transactions))["Items"]
    assert [item["id"]["S"] for item in items] == ["#layout"]
    assert (await world.dynamodb.scan(TableName=names.merchants))["Items"] == []


async def is_active(world: StackFixture, table: str) -> bool:
    return (await world.dynamodb.describe_table(TableName=table))["Table"]["TableStatus"] == "ACTIVE"


async def test_a_table_that_refuses_everything_blames_no_record(world: StackFixture, large: bytes) -> None:
    """A table of another layout answers every write with the same code as an item that is too large."""
    name = f"{world.settings.table_prefix}-other"
    await world.dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    await until(lambda: is_active(world, name))
    index = index_of(world, TransactionTable(world.dynamodb, name, 1))
    for data in (event(), large):
        with pytest.raises(ClientError, match="ValidationException"):
            await index.write(arrived(data, position(1)))
    assert await world.dead_letters() == []


async def test_a_missing_table_blames_no_record(world: StackFixture) -> None:
    index = index_of(world, TransactionTable(world.dynamodb, f"{world.settings.table_prefix}-missing", 1))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        await index.write(arrived(event(), position(1)))
    assert await world.dead_letters() == []


class Refusing(TransactionTable):
    """A table whose writes are refused with a code, and whose trials are as they are."""

    code = "AccessDeniedException"

    async def put_if_absent(self, item: object) -> bool:
        raise refusal(self.code, 400, "PutItem")


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
async def test_a_refusal_that_a_trial_does_not_confirm_ends_the_work(world: StackFixture, code: str) -> None:
    """A request that is wrong in another way than its item is a fault of ours, whatever its code."""
    table = Refusing(world.dynamodb, TableNames(world.settings.table_prefix).transactions, 1)
    table.code = code
    with pytest.raises(ClientError, match=code):
        await index_of(world, table).write(arrived(event(), position(1)))
    assert await world.dead_letters() == []
