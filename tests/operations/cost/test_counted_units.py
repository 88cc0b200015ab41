"""The model's units and bytes, against those that are counted: by our Kinesis server, and by DynamoDB's rules."""

from dataclasses import replace
from typing import Any, Final, cast

import pytest
from bench.drains.fetched import fetched
from bench.scorer.counting_client import CountingClient
from bench.scorer.free_stores import SHARD

from operations.cost.bill import LAKE_BYTES
from operations.cost.capacity import capacity_of
from operations.cost.dynamodb_units import LEASE_ROW_BYTES, index_item_bytes, item_bytes, write_units
from operations.cost.stream_units import stream_units
from operations.cost.workload import Workload
from tests.operations.cost.made_events import made_events
from tests.operations.cost.virtual_stream import KEY_BYTES, counted
from txn_core.drains import INDEX
from txn_core.dynamodb.item_form import ItemForm
from txn_core.dynamodb.table_shapes import create_request
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.transactions.event import Event
from txn_core.transactions.instants import Instant
from workers.archive.rendering import render
from workers.leases.lease import Checkpoint, FlushPlan, Lease, WorkerName
from workers.leases.ledger import Ledger, Minute, Sum, Tally
from workers.leases.stream_identity import StreamIdentity
from workers.leases.table import LeaseTable
from workers.reading.read_position import records_of

ROWS: Final = 600
ROUND_TRIP_S: Final = 0.015
NEAR: Final = 0.03
POSITION: Final = Position(ShardId("shardId-000000000000"), SequenceNumber("4" * 56))


@pytest.fixture(scope="module")
def events() -> list[bytes]:
    """Some of as many cards."""
    return made_events(ROWS)


@pytest.mark.parametrize(
    ("rate", "shards", "times"),
    [
        pytest.param(20.0, 4, 1, id="alone"),
        pytest.param(90.0, 2, 3, id="few share a record"),
        pytest.param(1_000.0, 16, 6, id="in slots"),
        pytest.param(1_000.0, 4, 8, id="in slots, with few shards"),
    ],
)
def test_the_stream_counts_what_the_model_says(events: list[bytes], rate: float, shards: int, times: int) -> None:
    """Bytes, payload units, and the bytes that a stream on demand bills."""
    handed = [(f"card_1_{number:032x}", data) for number, data in enumerate(events * times)]
    tally = counted(handed, rate=rate, shards=shards, round_trip_s=ROUND_TRIP_S)
    size = sum(map(len, events)) / len(events)
    units = stream_units(rate, size, shards=shards, round_trip_s=ROUND_TRIP_S)
    count = len(handed)
    assert tally.bytes - KEY_BYTES * tally.records == pytest.approx(count * units.data_bytes, rel=NEAR)
    assert tally.billed_kib * 1024 == pytest.approx(count * units.billed_bytes, rel=NEAR)
    assert tally.put_units == pytest.approx(count * units.payload_units, rel=NEAR)
    assert tally.records == pytest.approx(count * units.records, rel=NEAR)


async def test_dynamodb_counts_what_the_model_says(events: list[bytes]) -> None:
    """The write of the index, table and secondary indexes with all that an item holds, by DynamoDB's item sizes."""
    client = CountingClient(counts=True)
    table = TransactionTable(cast("Any", client), "transactions", 8, item_form=ItemForm.PACKED)
    for data in events:
        event = Event.decode(data)
        await table.put_if_absent(IndexItem.of(event, data, WriteOrder.of(event.accepted_at, POSITION)))
    shape = next(shape for shape in INDEX.tables if shape.name == "transactions")
    indexes = create_request("transactions", shape)["GlobalSecondaryIndexes"]
    assert all(index["Projection"] == {"ProjectionType": "ALL"} for index in indexes)
    tally = client.tallies["transactions"]
    assert tally.items == len(events)
    size = sum(map(len, events)) / len(events)
    needed = capacity_of(Workload(rate=float(len(events)), item_bytes=index_item_bytes(size)))
    # Of rows whose names the dictionary knows less is left than of others.
    assert 0.85 * index_item_bytes(size) < tally.bytes / tally.items <= index_item_bytes(size)
    assert tally.units == pytest.approx(needed.table_write_units, rel=NEAR)
    # A purchase is in no sparse index.
    assert tally.units * (1 + len(shape.indexes)) == pytest.approx(needed.index_write_units, rel=NEAR)


async def test_a_lease_row_is_as_large_as_is_said() -> None:
    """A row of the archive with its ledger of some minutes, with and without a plan; each write is one unit."""
    client = CountingClient(counts=True)
    text = f"{POSITION.sequence_number}/0"
    minutes = {Minute(f"2026-01-02T03:0{minute}"): Sum(4_000, 1 << 120) for minute in range(3)}
    lease = Lease(
        shard_id=POSITION.shard_id,
        owner=WorkerName("ip-10-0-0-1-1-0123abcd"),
        counter=123_456,
        checkpoint=Checkpoint(POSITION.sequence_number, 12),
        hash_keys=("0", str(2**126)),
        ledger=Ledger(epoch="0123456789abcdef", since=None, through=text, open=Tally.of(minutes)),
        stream=StreamIdentity("arn:aws:kinesis:us-east-1:123456789012:stream/txn-transactions", Instant(_AT)),
    )
    planned = replace(lease, plan=FlushPlan(POSITION, POSITION, Instant(_AT), 1_700))
    sizes = []
    for row in (lease, planned):
        await LeaseTable(cast("Any", client), "leases").create(row)
        sizes.append(item_bytes(client.tables["leases"][""]))
        assert write_units(item_bytes(client.tables["leases"][""])) == 1
    assert sizes[0] < sizes[1]
    assert sum(sizes) / 2 == pytest.approx(LEASE_ROW_BYTES, rel=0.2)


def test_a_transaction_in_the_lake_is_as_large_as_is_said(events: list[bytes]) -> None:
    rendered = render(records_of(SHARD, fetched(events)))
    assert rendered.parquet is not None
    assert len(rendered.parquet) / rendered.rows == pytest.approx(LAKE_BYTES, rel=0.25)


_AT: Final = "2026-01-02T03:04:05.678901Z"
