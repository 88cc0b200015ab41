"""The Sparkov generator's own output: the same transactions as in the data set that was made of it."""

import pytest

from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.reading_options import Reading
from tests.ingest.layouts.files import Cells, faults, read, sound, written
from tests.txn_cli.builders import cells, csv_of
from txn_cli.simulator.simulated_rows import simulate_rows

# As its datagen_transaction.py writes it.
HEADER = (
    "ssn", "cc_num", "first", "last", "gender", "street", "city", "state", "zip", "lat", "long", "city_pop", "job",
    "dob", "acct_num", "profile", "trans_num", "trans_date", "trans_time", "unix_time", "category", "amt", "is_fraud",
    "merchant", "merch_lat", "merch_long",
)  # fmt: skip


def sparkov(row: Cells) -> Cells:
    date, time = row["trans_date_trans_time"].split(" ")
    own = {"ssn": "123-45-6789", "acct_num": "123456789012", "profile": "adults.json"}
    return {**row, **own, "trans_date": date, "trans_time": time}


def test_its_rows_are_the_same_as_the_data_set_s() -> None:
    """So that nothing conflicts when both were loaded."""
    rows = list(simulate_rows(rows=200, cards=10, seed=2))
    found = sound(read(written(map(sparkov, rows), HEADER, separator="|")))
    assert [row.body for row in found] == [row.body for row in sound(read(csv_of(rows)))]


def test_files_of_early_versions_have_no_labels() -> None:
    header = [name for name in HEADER if name != "is_fraud"]
    (row,) = sound(read(written([sparkov(cells())], header, separator="|")))
    assert b"is_fraud" not in row.body


def test_social_security_numbers_are_not_sent() -> None:
    (row,) = sound(read(written([sparkov(cells())], HEADER, separator="|")))
    assert b"123-45-6789" not in row.body
    assert b"123456789012" not in row.body


def test_a_fault_of_the_time_names_both_columns() -> None:
    (row,) = read(written([{**sparkov(cells()), "trans_time": "noon"}], HEADER, separator="|"))
    assert faults(row) == [("trans_date trans_time", "timestamp_format")]


def test_the_same_columns_under_commas_are_read_when_that_is_said() -> None:
    content = written([sparkov(cells())], HEADER)
    with pytest.raises(
        LayoutError, match="columns are those of layout sparkov, but separated by commas, not by vertical"
    ):
        read(content)
    assert len(sound(read(content, Reading.of(separator=",")))) == 1
