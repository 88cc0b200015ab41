"""Objects made of records."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from tests.workers.builders import event, records
from txn_core.errors import EventError, UnwritableError
from txn_core.lake import Arrived, arrived_of, read_parquet, table_of
from workers.rendering import render


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

    def strict(rows: Sequence[Arrived]) -> object:
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

    def strict(rows: Sequence[Arrived]) -> pa.Table:
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
    def broken(rows: Sequence[Arrived]) -> pa.Table:
        raise pa.ArrowNotImplementedError("x")

    with pytest.raises(UnwritableError, match="ArrowNotImplementedError"):
        render(records(event(), event()), broken)


@pytest.mark.parametrize("lack", [pa.ArrowMemoryError("x"), MemoryError(), OSError("disk")])
def test_a_lack_of_memory_or_disk_blames_no_record(lack: Exception) -> None:
    range_ = records(event(), event())

    def poor(rows: Sequence[Arrived]) -> pa.Table:
        if rows[0] in range_:
            raise lack
        return table_of(rows)

    with pytest.raises(type(lack)):
        render(range_, poor)
