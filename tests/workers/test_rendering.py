"""Objects made of records."""

from collections.abc import Sequence

import pytest

from tests.workers.builders import event, records
from txn_core.errors import EventError
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
