"""Rows of different engines are compared by value and not by how an engine's client writes them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from devkit.table_rows import TableRows, differences, read_folder, value_text, write_folder

AT = datetime(2026, 1, 2, 3, 4, 5, 60)  # noqa: DTZ001 - as engines give times without a zone


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (Decimal("7.00"), "7"),
        (7.0, "7"),
        (Decimal("-0.0"), "0"),
        (Decimal("1.50"), "1.5"),
        (1.5, "1.5"),
        (Decimal("1E+3"), "1000"),
        (10**30, "1" + "0" * 30),
        (AT, "2026-01-02T03:04:05.000060"),
        (AT.replace(tzinfo=UTC), "2026-01-02T03:04:05.000060"),
        (AT.replace(tzinfo=timezone(timedelta(hours=1))), "2026-01-02T02:04:05.000060"),
        (date(2026, 1, 2), "2026-01-02"),
        ("7", "7"),
        (True, True),
        (None, None),
    ],
)
def test_a_value_has_one_form(value: object, text: object) -> None:
    assert value_text(value) == text


def test_what_has_no_form_is_an_error() -> None:
    with pytest.raises(TypeError):
        value_text([1])


def test_rows_of_a_table_have_no_order_and_answers_have_one() -> None:
    rows = [(1, "a"), (2, "b")]
    assert TableRows.of("xy", rows).digest == TableRows.of("xy", rows[::-1]).digest
    ordered = TableRows.of("xy", rows, ordered=True), TableRows.of("xy", rows[::-1], ordered=True)
    assert ordered[0].digest != ordered[1].digest
    assert list(differences({"q": ordered[0]}, {"q": ordered[1]}, ("one", "other"))) == [
        "q: the same rows in another order, from row 1 on"
    ]


def test_differences_name_the_rows() -> None:
    one = {"t": TableRows.of("x", [(1,), (2,), (2,)]), "u": TableRows.of("x", []), "v": TableRows.of("x", [])}
    other = {"t": TableRows.of("x", [(1,), (2,), (3,)]), "v": TableRows.of("y", [])}
    assert list(differences(one, one, ("one", "other"))) == []
    assert list(differences(one, other, ("one", "other"))) == [
        "t: 1 of 3 and 3 rows only in one, such as",
        '  ["2"]',
        "t: 1 of 3 and 3 rows only in other, such as",
        '  ["3"]',
        "u: only in one",
        "v: columns x and y",
    ]


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    tables = {
        "star.t": TableRows.of(["a", "b"], [("line\nbreak", None), ("\u2028", True)]),
        "q01": TableRows.of("x", []),
    }
    write_folder(tmp_path / "rows", tables)
    assert read_folder(tmp_path / "rows") == tables
