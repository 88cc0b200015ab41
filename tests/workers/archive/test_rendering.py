"""Objects made of records."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from devkit.user_records import UserRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import ARRIVED_AT, SHARD, encoded, json_bytes
from tests.support.chaos import models_are_large
from tests.txn_core.strategies import bodies
from tests.workers.builders import event, records
from txn_core.exceptions import EventError, UnwritableError
from txn_core.kinesis.aggregation import aggregate
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.columns import arrived_of, table_of
from txn_core.lake.parquet import read_parquet
from txn_core.transactions.transaction import parse_transaction
from workers.archive.rendering import render
from workers.events.decoding import decode
from workers.reading.read_position import records_of


def test_the_same_range_gives_the_same_object() -> None:
    range_ = records(*(event() for _ in range(20)))
    assert render(range_).parquet == render(range_).parquet


def test_rows_keep_the_order_and_the_bytes_of_the_stream() -> None:
    range_ = records(*(event() for _ in range(20)))
    rendered = render(range_)
    assert rendered.parquet is not None
    assert list(arrived_of(read_parquet(rendered.parquet))) == range_


def test_poison_is_set_apart_and_the_sound_rows_are_kept() -> None:
    range_ = records(event(), b"poison", event(), b"")
    rendered = render(range_)
    assert rendered.rows == 2
    assert [poison.record for poison in rendered.poison] == [range_[1], range_[3]]


@pytest.mark.parametrize(
    ("good", "bad"), [(b"Jennifer", b"Jenn\xfffer"), (b"2019-01-01T", b"2019-02-30T")], ids=range(2)
)
def test_what_only_a_closer_look_tells_from_an_event_is_set_apart_with_its_reason(good: bytes, bad: bytes) -> None:
    """It has the form of an event; Arrow refuses the whole range, and the parser says which record it was."""
    range_ = records(event(), event().replace(good, bad), event())
    rendered = render(range_)
    ((record, error),) = [(poison.record, poison.error) for poison in rendered.poison]
    assert record is range_[1]
    assert isinstance(error, EventError)
    assert rendered.rows == 2


def test_a_range_of_poison_alone_has_no_object() -> None:
    assert render(records(b"poison")).parquet is None


@pytest.mark.parametrize("refused", [{0}, {6}, {2, 3}, set(range(7))], ids=str)
def test_what_only_the_table_refuses_is_found_by_halving(monkeypatch: pytest.MonkeyPatch, refused: set[int]) -> None:
    """Whatever the table cannot hold although it is an event is poison too; its neighbours are not."""
    range_ = records(*(event() for _ in range(7)))

    def strict(rows: Sequence[StreamRecord]) -> object:
        if any(range_.index(row) in refused for row in rows):
            raise EventError("refused")
        return table_of(rows)

    rendered = render(range_, strict)
    assert [poison.record for poison in rendered.poison] == [range_[i] for i in sorted(refused)]
    assert rendered.rows == 7 - len(refused)
    assert (rendered.parquet is None) == (len(refused) == 7)


@pytest.mark.parametrize("error", [pa.ArrowNotImplementedError("x"), pa.ArrowCapacityError("x"), OverflowError("x")])
def test_an_event_that_arrow_refuses_for_good_is_set_apart_as_unwritable(error: Exception) -> None:
    range_ = records(*(event() for _ in range(5)))

    def strict(rows: Sequence[StreamRecord]) -> pa.Table:
        if range_[3] in rows:
            raise error
        return table_of(rows)

    rendered = render(range_, strict)
    ((record, reason),) = [(poison.record, poison.error) for poison in rendered.poison]
    assert record is range_[3]
    assert isinstance(reason, UnwritableError)
    assert str(reason) == type(error).__name__
    assert rendered.rows == 4


def test_arrow_that_refuses_everything_blames_no_record() -> None:
    def broken(rows: Sequence[StreamRecord]) -> pa.Table:
        raise pa.ArrowNotImplementedError("x")

    with pytest.raises(UnwritableError, match="ArrowNotImplementedError"):
        render(records(event(), event()), broken)


@pytest.mark.parametrize("lack", [pa.ArrowMemoryError("x"), MemoryError(), OSError("disk")])
def test_a_lack_of_memory_or_disk_blames_no_record(lack: Exception) -> None:
    range_ = records(event(), event())

    def poor(rows: Sequence[StreamRecord]) -> pa.Table:
        if rows[0] in range_:
            raise lack
        return table_of(rows)

    with pytest.raises(type(lack)):
        render(range_, poor)


def one_by_one(range_: Sequence[StreamRecord]) -> tuple[pa.Table | None, list[tuple[StreamRecord, str]]]:
    """The rows of a range and what is set apart of it, each record looked at closely by itself."""
    sound, poison = list[StreamRecord](), list[tuple[StreamRecord, str]]()
    for record in range_:
        try:
            sound.append(decode(record).arrived)
        except EventError as error:
            poison.append((record, str(error)))
    return table_of(sound) if sound else None, poison


def foreign(data: bytes) -> bytes:
    """The same event as another producer might write it."""
    return json.dumps(dict(reversed(json.loads(data).items())), indent=1, ensure_ascii=True).encode()


def damaged(data: bytes, at: int, cut: int, piece: bytes) -> bytes:
    at %= len(data)
    return data[:at] + piece + data[at + cut :]


def redone(data: bytes, changes: dict[str, Any]) -> bytes:
    return json_bytes(json.loads(data) | changes)


SOUND = bodies().map(lambda body: encoded(parse_transaction(json_bytes(body))).data)
PIECES = [
    b"",
    b"\\",
    b'"',
    b"\n",
    b"null",
    b"NaN",
    b"{}",
    b"9" * 20,
    b" ",
    b"\xff",
    "\u00e9".encode(),
    b"\x00",
    b"\t",
    b"1e3",
]
ODD = [
    {"card_id": "card_0"},
    {"transaction_id": "x"},
    {"account": "A"},
    {"account": None},
    {"occurred_at": "2019-02-30T00:00:00.000000Z"},
    {"occurred_at": "2019-02-20T00:00:00.00+0000"},
    {"customer": {}},
    {"merchant": {"name": " ", "category": None, "latitude": None, "longitude": None}},
    {"merchant": {"name": "a\u00a0b", "category": '"', "latitude": 1, "longitude": 1e-7}},
    {"is_fraud": None},
]
DATA = st.one_of(
    SOUND,
    st.builds(event),
    SOUND.map(foreign),
    st.builds(damaged, st.builds(event), st.integers(0, 2_000), st.integers(0, 3), st.sampled_from(PIECES)),
    st.builds(redone, st.builds(event), st.sampled_from(ODD)),
    st.builds(lambda one, other, between: one + between + other, SOUND, SOUND, st.sampled_from([b"", b"\n", b" "])),
    st.sampled_from([b"", b"null", b"{}", b"[]", b"poison", b"\n"]),
)


@given(st.lists(st.lists(DATA, min_size=1, max_size=4), min_size=1, max_size=4), st.integers(1, 5))
@settings(max_examples=1_000 if models_are_large() else 12, deadline=None)
def test_a_glance_at_many_gives_what_a_close_look_at_each_gives(
    aggregates: list[list[bytes]], part_rows: int
) -> None:
    """The same table and the same refusals, wherever parts begin and whatever stands beside it."""
    raw = [
        {
            "SequenceNumber": str(number),
            "ApproximateArrivalTimestamp": ARRIVED_AT,
            "PartitionKey": "card",
            "Data": aggregate([UserRecord("card", one) for one in data], "0"),
        }
        for number, data in enumerate(aggregates)
    ]
    range_ = records_of(SHARD, raw)
    table, poison = one_by_one(range_)
    rendered = render(range_, part_rows=part_rows)
    assert [(found.record, str(found.error)) for found in rendered.poison] == poison
    assert rendered.rows == (0 if table is None else table.num_rows)
    assert (None if rendered.parquet is None else read_parquet(rendered.parquet)) == table


def test_halves_of_an_event_in_two_records_are_no_event() -> None:
    """Put together as lines they would be."""
    data = event()
    at = data.index(b",")
    range_ = records(event(), data[:at], data[at:], event() + b"\n" + event())
    rendered = render(range_)
    assert [poison.record for poison in rendered.poison] == range_[1:]
    assert rendered.rows == 1
