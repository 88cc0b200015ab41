"""Rows in the Kaggle layout, with defaults for all that a test does not care about."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from ingest.layouts.catalogue import layout_named
from ingest.layouts.header import Header
from ingest.layouts.kaggle import COLUMNS
from ingest.layouts.read_rows import Row, SoundRow
from ingest.layouts.reader import RowReader
from txn_cli.simulator.cards import with_check_digit

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
# ISO/IEC 7812 leaves numbers that begin with 9 to national bodies; nobody issued these.
CARD = with_check_digit("999900000000000")
OTHER_CARD = with_check_digit("999900000000001")


def shared(name: str) -> Path:
    """A file of the shared test data; the test is skipped where it is absent."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"shared test data is absent: {name}")
    return path


def cells(number: int = 0, **changes: str) -> dict[str, str]:
    """The cells of one sound row by column."""
    return {
        "": str(number),
        "trans_date_trans_time": "2019-01-01 00:00:18",
        "cc_num": CARD,
        "merchant": "fraud_Rippin, Kub and Mann",
        "category": "misc_net",
        "amt": "4.97",
        "first": "Jennifer",
        "last": "O'Banks",
        "gender": "F",
        "street": "561 Perry Cove",
        "city": "Moravian Falls",
        "state": "NC",
        "zip": "2865",
        "lat": "36.0788",
        "long": "-81.1781",
        "city_pop": "3495",
        "job": "Psychologist, counselling",
        "dob": "1988-03-09",
        "trans_num": f"{number:032x}",
        "unix_time": "1325376018",
        "merch_lat": "36.011293",
        "merch_long": "-82.048315",
        "is_fraud": "0",
    } | changes


def parse_row(cells: Mapping[str, str], *, line: int) -> Row:
    """One row, given its cells by column, as a request body or as its faults."""
    reader = RowReader(layout_named("kaggle"), Header(COLUMNS))
    return reader.row(line, [cells[column] for column in COLUMNS])


def csv_of(rows: Iterable[Mapping[str, str]], header: Iterable[str] = COLUMNS) -> bytes:
    """The rows as a file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(header), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def csv_file(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """The rows as a file on disk."""
    path.write_bytes(csv_of(rows))
    return path


def sound(line: int = 2, **changes: str) -> SoundRow:
    """One sound row, its id made of its line."""
    row = parse_row(cells(line, **changes), line=line)
    assert isinstance(row, SoundRow)
    return row


def sound_rows(count: int) -> list[SoundRow]:
    """So many sound rows, from the line after a header on."""
    return [sound(line) for line in range(2, 2 + count)]


def body_of(row: SoundRow) -> dict[str, object]:
    """The request body of a row as a document."""
    document = json.loads(row.body)
    assert isinstance(document, dict)
    return document


def after_target(err: str) -> str:
    """What a command said on standard error after its first line, which names the system that it works on."""
    first, _, rest = err.partition("\n")
    assert first.startswith("txn: target: "), err
    return rest
