"""The lake: rows and events convert into each other without loss."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import (
    ARRIVED_AT,
    SHARD,
    arrived,
    customer,
    encoded,
    json_bytes,
    keys,
    of_before,
    pan,
    payment_fields,
    position,
    request,
    transaction_id,
)
from tests.txn_core.strategies import bodies, positions
from txn_core.exceptions import EventError
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.columns import NESTED, arrived_of, column_of, table_of
from txn_core.lake.parquet import parquet_of, read_parquet, slices
from txn_core.transactions.event import LATER_FIELDS, Event
from txn_core.transactions.payment_fields import COUNTRY
from txn_core.transactions.transaction import parse_transaction

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("event-v*.json"))
EVENT = encoded().data


def through_parquet(events: list[StreamRecord]) -> list[StreamRecord]:
    return list(arrived_of(read_parquet(parquet_of(table_of(events)))))


@given(st.lists(st.tuples(bodies(), positions()), min_size=1, max_size=5))
@settings(max_examples=60)
def test_events_come_back_byte_for_byte(rows: list[tuple[dict[str, Any], Any]]) -> None:
    """Whatever clients may send comes out of Parquet as the bytes that stood on the stream, in their order."""
    events = [arrived(encoded(parse_transaction(json_bytes(document))).data, at) for document, at in rows]
    assert through_parquet(events) == events


def test_a_file_is_read_in_slices() -> None:
    """Over the bounds of row groups, in order, with no row lost."""
    events = [arrived(encoded(transaction_id=transaction_id(n)).data, position(n)) for n in range(1, 8)]
    sink = pa.BufferOutputStream()
    pq.write_table(table_of(events), sink, row_group_size=3)
    cut = list(slices(sink.getvalue().to_pybytes(), 2))
    assert max(table.num_rows for table in cut) == 2
    assert [event for table in cut for event in arrived_of(table)] == events


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_events_come_back_byte_for_byte(path: Path) -> None:
    """Events of every version ever written survive the lake."""
    events = [arrived(path.read_bytes().removesuffix(b"\n"))]
    assert through_parquet(events) == events


@pytest.mark.parametrize(
    "changes",
    [
        {"merchant": {"name": "x", "latitude": 1e-7, "longitude": -0.0}},
        {"merchant": {"name": "x", "latitude": 5e-324, "longitude": -179.99999999999997}},
        {"merchant": {"name": "x", "latitude": 36, "longitude": -82}},
        {"merchant": {"name": "x", "latitude": 1e-05, "longitude": 0.1 + 0.2}},
        {"merchant": {"name": "", "category": "n"} | {"name": '"\\/\u00a0\ufeff\U0001f600{}[]:,'}},
        {"merchant": {"name": "2019-01-01T00:00:18Z", "category": "null"}},
        {"customer": customer(postal_code="01234", first_name="true", city="1e5")},
        {"customer": {"city_population": 0}},
        {"terminal": {"entry_mode": "chip"}},
        {"is_fraud": True},
        {"amount_minor": 999_999_999_999},
        {"occurred_at": "1970-01-01T00:00:00Z"},
        {"occurred_at": "9999-12-31T23:59:59.999999Z"},
    ],
)
def test_extremes_come_back_byte_for_byte(changes: dict[str, Any]) -> None:
    """Odd floats, text that looks like other types, and the first and last moments lose nothing."""
    events = [arrived(**changes)]
    assert through_parquet(events) == events


def test_names_that_were_taken_before_come_back_byte_for_byte() -> None:
    """Marks of direction and line separators, which are refused today."""
    events = [arrived(encoded(of_before(request(), "Kub \u202eeluJ\u202c\u2028\u200f")).data)]
    assert through_parquet(events) == events


def test_absent_objects_stay_absent_beside_present_ones() -> None:
    """A row without a customer does not catch the customer of its neighbour."""
    events = [
        arrived(at=position(1), transaction_id=transaction_id(1)),
        arrived(at=position(2), transaction_id=transaction_id(2), customer=customer()),
        arrived(at=position(2, 1), transaction_id=transaction_id(3), terminal={"terminal_id": "T"}),
        arrived(at=position(3), transaction_id=transaction_id(4)),
    ]
    assert through_parquet(events) == events


def test_columns_are_flat_and_typed() -> None:
    """Times are timestamps, amounts integers, coordinates doubles; only the aliases of a card are a list."""
    schema = table_of([arrived(customer=customer(), terminal={"terminal_id": "T"})]).schema
    moment = pa.timestamp("us", tz="UTC")
    for name in ("accepted_at", "occurred_at", "arrived_at"):
        assert schema.field(name).type == moment
    assert schema.field("amount_minor").type == pa.int64()
    assert schema.field("sub_sequence_number").type == pa.int64()
    assert schema.field("merchant_latitude").type == pa.float64()
    assert schema.field("is_fraud").type == pa.bool_()
    assert {"merchant_id", "merchant_name", "customer_id", "customer_reference", "terminal_id"} <= set(schema.names)
    assert [field.name for field in schema if pa.types.is_nested(field.type)] == ["card_aliases"]
    assert len(set(schema.names)) == len(schema.names)


def test_aliases_of_a_card_come_back_as_they_were() -> None:
    """Beside events without any, byte for byte; and from files of before there were any."""
    events = [arrived(encoded(ring=keys(versions=v)).data, position(v)) for v in (1, 2, 3)]
    table = read_parquet(parquet_of(table_of(events)))
    assert table["card_aliases"].to_pylist() == [
        None,
        *(list(keys(versions=v).card_ids(pan())[1:]) for v in (2, 3)),
    ]
    assert list(arrived_of(table)) == events
    assert list(arrived_of(table.slice(0, 1).drop_columns("card_aliases"))) == events[:1]


MANY_PAIRS: list[dict[str, str]] = [
    {"a": "x"},
    {"metadata": '{"metadata":{"a":"b"}}', "b": "c"},
    {"a": '"', "b": "\\", "c": '\\"', "d": "\\\\", "e": '},"metadata":{"a":"b"}', "f": "/\U0001f600 \u00e9"},
    {f"n{n:02}": "v" * 200 for n in range(20)},
]


@pytest.mark.parametrize("pairs", MANY_PAIRS)
def test_metadata_is_json_text_and_comes_back_byte_for_byte(pairs: dict[str, str]) -> None:
    """Whatever looks like JSON in it, and whatever another text of the event looks like."""
    odd = {"name": '"metadata":{"a":"b"}', "category": 'x\\","metadata":{'}
    events = [
        arrived(encoded(metadata=pairs).data, position(1)),
        arrived(encoded(metadata=pairs, merchant=odd).data, position(2)),
        arrived(encoded(merchant=odd).data, position(3)),
    ]
    table = read_parquet(parquet_of(table_of(events)))
    assert [text and json.loads(text) for text in table["metadata"].to_pylist()] == [pairs, pairs, None]
    assert list(arrived_of(table)) == events


def test_later_fields_are_columns_and_files_of_before_lack_them() -> None:
    """Null where an event says nothing of them; a file without these columns gives the events that it was made of."""
    later = encoded(
        merchant={"name": "Kub", "country": "DE"},
        occurred_at="2019-01-01T01:00:18+01:00",
        **payment_fields(),
        event_schema=2,
    )
    events = [arrived(EVENT, position(1)), arrived(later.data, position(2))]
    table = read_parquet(parquet_of(table_of(events)))
    names = [column_of("merchant", COUNTRY), *LATER_FIELDS]
    before, row = table.select(names).to_pylist()
    assert set(before.values()) == {None}
    assert row == {
        **payment_fields(metadata='{"basket.size":"three: a, b, c","order":"o-17"}'),
        "merchant_country": "DE",
        "occurred_at_offset_minutes": 60,
    }
    assert list(arrived_of(table)) == events
    assert list(arrived_of(table.slice(0, 1).drop_columns(names))) == events[:1]


def test_every_field_of_an_event_has_its_column() -> None:
    """The table is made for the model: a field that is added to the event and forgotten here is found."""
    names = set(table_of([arrived()]).schema.names)
    flat = set(Event.model_fields) - set(NESTED)
    for nested in NESTED:
        annotation = Event.model_fields[nested].annotation
        models = [annotation] if isinstance(annotation, type) else list(getattr(annotation, "__args__", ()))
        fields = {field for model in models for field in getattr(model, "model_fields", ())}
        flat |= {field if field == f"{nested}_id" else f"{nested}_{field}" for field in fields}
    assert names == flat | {"shard_id", "sequence_number", "sub_sequence_number", "arrived_at"}


def test_the_types_do_not_depend_on_the_rows() -> None:
    """A table of all nulls has the types of a full one, so that objects can be read together."""
    assert table_of([arrived()]).schema == table_of([arrived(customer=customer(), is_fraud=True)]).schema


def test_the_same_rows_are_the_same_bytes() -> None:
    """Writing the same range again gives the same object, however large it is."""
    events = [arrived(EVENT, position(i)) for i in range(2_000)]
    assert parquet_of(table_of(events)) == parquet_of(table_of(list(events)))


def test_some_columns_can_be_read_alone() -> None:
    """Reconciliation reads ids and positions without the rest."""
    data = parquet_of(table_of([arrived(), arrived(at=position(2))]))
    table = read_parquet(data, ["sequence_number", "transaction_id"])
    assert sorted(table.column_names) == ["sequence_number", "transaction_id"]
    assert table.column("sequence_number").to_pylist() == ["1", "2"]


def test_more_rows_than_a_block_of_the_reader_are_one_table() -> None:
    """Several megabytes of events are read whole and in order."""
    events = [arrived(EVENT, position(i)) for i in range(4_000)]
    table = table_of(events)
    assert table.num_rows == 4_000
    assert pc.all(pc.equal(table.column("sequence_number"), pa.array([str(i) for i in range(4_000)]))).as_py()


def test_arrival_keeps_its_moment() -> None:
    """Stream times have milliseconds and may come in any zone; the moment is kept."""
    moment = datetime(2026, 1, 1, 12, 0, 0, 1000, tzinfo=UTC)
    events = [StreamRecord(EVENT, position(), moment)]
    assert through_parquet(events)[0].arrived_at == moment


def replaced(**changes: Any) -> bytes:
    return json_bytes({**json.loads(EVENT), **changes})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b"{",
        b"not json",
        EVENT + EVENT,
        EVENT[:-1],
        replaced(surprise=1),
        replaced(amount_minor="497"),
        replaced(amount_minor=4.97),
        replaced(amount_minor=2**63),
        replaced(merchant="x"),
        replaced(occurred_at="2026-02-30T00:00:00.000000Z"),
        replaced(occurred_at="yesterday"),
        replaced(accepted_at=5),
        EVENT.replace(b"Rippin", b"\xff\xfe"),
        EVENT.replace(b'"type":"purchase"', b'"type":"purchase","type":"refund"'),
    ],
)
def test_bytes_that_are_no_event_are_an_error(data: bytes) -> None:
    """A foreign record among sound ones is told as `EventError`, never as a row that vanishes or doubles."""
    with pytest.raises(EventError):
        table_of([arrived(at=position(1)), arrived(data, position(2)), arrived(at=position(3))])


@given(st.integers(0, len(EVENT) - 1), st.integers(0, 255))
@settings(max_examples=150)
def test_a_changed_byte_is_read_or_told(index: int, byte: int) -> None:
    """With any byte changed the table holds as many rows as events, or the error is ours; and so says `decode`."""
    data = EVENT[:index] + bytes([byte]) + EVENT[index + 1 :]
    try:
        Event.decode(data)
    except EventError:
        return
    assert table_of([arrived(), arrived(data)]).num_rows == 2


def test_it_holds_where_it_stands() -> None:
    """A row says shard, sequence number and sub-sequence number of its place on the stream."""
    row = table_of([arrived(at=position(49, 3))]).to_pylist()[0]
    assert (row["shard_id"], row["sequence_number"], row["sub_sequence_number"]) == (SHARD, "49", 3)
    assert row["arrived_at"] == ARRIVED_AT
