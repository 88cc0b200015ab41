"""The layouts in which copies of fraudTrain.csv and fraudTest.csv are found: all load, every row."""

import csv
import gzip
import itertools
from collections.abc import Callable, Iterable

import pytest

from ingest.layouts.kaggle import COLUMNS
from tests.ingest.layouts.files import Cells, read, sound, written
from tests.txn_cli.builders import shared
from txn_cli.simulator.simulated_rows import simulate_rows

ROWS = 300
NAMED = list(COLUMNS[1:])


def without(*names: str) -> list[str]:
    return [name for name in COLUMNS if name not in names]


Write = Callable[[Iterable[Cells]], bytes]

COPIES: dict[str, Write] = {
    "as published": lambda rows: written(rows, COLUMNS),
    "without an index": lambda rows: written(rows, NAMED),
    "Unnamed: 0": lambda rows: written(rows, ["Unnamed: 0", *NAMED]),
    "saved again and again": lambda rows: written(rows, ["Unnamed: 0.2", "Unnamed: 0.1", "Unnamed: 0", *NAMED]),
    "id": lambda rows: written(rows, ["id", *NAMED]),
    "index at the end": lambda rows: written(rows, [*NAMED, "index"]),
    "without unix_time": lambda rows: written(rows, without("unix_time")),
    "merch_zipcode": lambda rows: written(rows, [*COLUMNS, "merch_zipcode"]),
    "reordered": lambda rows: written(rows, sorted(NAMED, reverse=True)),
    "quoted": lambda rows: written(rows, COLUMNS, quoting=csv.QUOTE_ALL),
    "everything at once": lambda rows: (
        b"\xef\xbb\xbf"
        + written(
            rows, ["id", *sorted(without("", "unix_time")), "merch_zipcode"], quoting=csv.QUOTE_NONNUMERIC, end="\r\n"
        )
    ),
}


@pytest.mark.parametrize("copy", COPIES)
def test_every_row_of_a_copy_is_the_same_as_in_the_original(copy: str) -> None:
    rows = list(simulate_rows(rows=ROWS, cards=20, seed=5))
    assert len(COPIES) == 11
    original = sound(read(COPIES["as published"](rows)))
    assert [row.body for row in sound(read(COPIES[copy](rows)))] == [row.body for row in original]
    assert len(original) == ROWS


@pytest.mark.parametrize("copy", COPIES)
def test_every_row_of_the_sample_data_is_read_in_every_copy(copy: str) -> None:
    with gzip.open(shared("kaggle_like_dev.csv.gz"), "rt", newline="") as text:
        rows = list(itertools.islice(csv.DictReader(text), 500))
    found = sound(read(COPIES[copy](rows)))
    assert len(found) == len(rows)
    assert all(
        b'"transaction_id":"%s"' % raw["trans_num"].encode() in row.body for raw, row in zip(rows, found, strict=True)
    )
