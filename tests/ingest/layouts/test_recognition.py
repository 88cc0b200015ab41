"""Files in no layout: one line says what is wrong and what to do, and shows nothing of the file."""

import csv
from collections.abc import Sequence
from typing import Literal

import pytest

from ingest.files.file_errors import SourceError
from ingest.layouts.kaggle import COLUMNS
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.reading_options import Reading
from tests.ingest.layouts.files import read, sound, written
from tests.txn_cli.builders import CARD, cells, csv_of

ROWS = csv_of([cells()])


def refusal(content: bytes, **options: str | Sequence[str]) -> str:
    with pytest.raises((LayoutError, SourceError)) as caught:
        read(content, Reading.of(**options))  # type: ignore[arg-type]
    text = str(caught.value)
    assert text.isprintable()
    assert CARD not in text
    return text


@pytest.mark.parametrize(("separator", "option"), [(";", "';'"), ("\t", "tab"), ("|", "'|'")])
def test_another_separator_is_named_and_can_be_said(separator: str, option: str) -> None:
    content = written([cells()], COLUMNS, separator=separator)
    assert refusal(content).endswith(f"not by commas: say --separator {option}")
    assert "layout kaggle" in refusal(content)
    assert len(sound(read(content, Reading.of(separator=option.strip("'"))))) == 1


def test_a_separator_is_one_of_four() -> None:
    with pytest.raises(LayoutError, match="--separator: must be one of"):
        Reading.of(separator="x")


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("separator", ",;")
def test_a_file_without_a_header_is_called_one(separator: str, quoting: Literal[0, 1]) -> None:
    content = written([cells()], COLUMNS, separator=separator, quoting=quoting).split(b"\n", 1)[1]
    text = refusal(content, separator=separator)
    assert text.startswith("it has no header: write one above its rows")
    assert f"layout kaggle has them in any order (cc_num{separator}amt{separator}trans_date_trans_time" in text


def test_columns_that_are_read_and_missing_are_named_with_what_to_say() -> None:
    text = refusal(ROWS.replace(b"cc_num", b"card").replace(b",job,", b",work,"))
    assert "not in layout kaggle: the header lacks 'cc_num', 'job'. " in text
    assert "--map cc_num=COLUMN, or say" in text
    assert "--map job=COLUMN, or --map job= if it has none" in refusal(ROWS.replace(b",job,", b",work,"))


def test_a_name_that_was_mapped_is_not_to_be_mapped_again() -> None:
    text = refusal(ROWS, renames=["amt=absent"])
    assert text == "the header lacks 'absent': name by --map amt=COLUMN a column that it has"


def test_not_all_of_many_missing_columns_are_named() -> None:
    assert " and 11 more" in refusal(b"trans_date_trans_time,cc_num,amt\n", layout="kaggle")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty"),
        (ROWS.decode().encode("utf-16"), "it is encoded in UTF-16: convert it: iconv"),
        (b"PAR1" + bytes(9), "it is a Parquet file"),
        (b"{}", "it is JSON"),
        (ROWS.replace(b"\n", b"\r"), "its lines end in CR alone: convert it by tr"),
        (b"caf\xe9," + ROWS, "its header is not UTF-8: convert it"),
        (b"x" * 70_000 + b"\n", "its first line is longer than 64 KiB"),
        (b'"a,b\n' + b"1,2\n" * 20, "its header has a quote that does not fit"),
        (b"hello\n", "its first line has no column of a layout that is known (kaggle, sparkov, bank): name"),
        (b"\n\n\n", "it begins with nothing but empty lines: remove them"),
        (b"card,amount\n", "it is not in layout bank: the header lacks 'card_number' or 'pan', 'currency', "),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(content: bytes, sentence: str) -> None:
    assert refusal(content).startswith(sentence)


def test_columns_are_found_whatever_their_casing_and_white_space() -> None:
    content = ROWS.replace(b"cc_num", b" CC_Num ").replace(b"trans_date_trans_time", b"Trans_Date_Trans_Time")
    assert [row.body for row in sound(read(content))] == [row.body for row in sound(read(ROWS))]


def test_empty_lines_before_the_header_are_passed_over() -> None:
    (row,) = sound(read(b"\n\r\n" + ROWS))
    assert row.line == 4


def test_a_layout_that_is_said_is_the_only_one_that_counts() -> None:
    assert refusal(ROWS, layout="bank").startswith(
        "it is not in layout bank: the header lacks 'card_number' or 'pan'"
    )
