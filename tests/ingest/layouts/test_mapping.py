"""`--map`: a file's own names for the columns of a layout."""

import pytest

from ingest.layouts.kaggle import COLUMNS
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.reading_options import Reading
from tests.ingest.layouts.files import faults, read, sound, written
from tests.txn_cli.builders import body_of, cells, csv_of

ROW = cells()
EXPECTED = [row.body for row in sound(read(csv_of([ROW])))]


def renamed(**names: str) -> bytes:
    """The row in a file with other names for some columns."""
    row = {names.get(name, name): cell for name, cell in ROW.items()}
    return written([row], [names.get(name, name) for name in COLUMNS])


@pytest.mark.parametrize("left", ["amt", "amount", "amount_minor"])
def test_a_column_is_called_by_the_layout_s_name_or_by_the_field_s(left: str) -> None:
    (row,) = sound(read(renamed(amt="Betrag"), Reading.of(renames=[f"{left}=Betrag"])))
    assert [row.body] == EXPECTED
    assert row.column_of("/amount_minor") == "Betrag"


def test_every_column_of_the_layout_can_be_called_something_else() -> None:
    names = {name: f"col {number}" for number, name in enumerate(COLUMNS) if name not in {"", "unix_time"}}
    reading = Reading.of(renames=[f"{name}={other}" for name, other in names.items()])
    assert [row.body for row in sound(read(renamed(**names), reading))] == EXPECTED


def test_fields_are_called_by_their_paths_in_the_request() -> None:
    content = renamed(merchant="shop", first="given", merch_lat="y")
    reading = Reading.of(
        renames=["merchant.name=shop", "customer.first_name=given", "merchant.latitude=y"], layout="kaggle"
    )
    assert [row.body for row in sound(read(content, reading))] == EXPECTED


def test_a_fault_names_the_file_s_own_column() -> None:
    (row,) = read(renamed(amt="Betrag").replace(b"4.97", b"?"), Reading.of(renames=["amt=Betrag"]))
    assert faults(row) == [("Betrag", "amount_format")]


def test_two_columns_may_change_places() -> None:
    (row,) = sound(read(csv_of([ROW]), Reading.of(renames=["first=last", "last=first"])))
    customer = body_of(row)["customer"]
    assert isinstance(customer, dict)
    assert (customer["first_name"], customer["last_name"]) == ("O'Banks", "Jennifer")


def test_a_column_that_the_file_does_not_have_is_left_out_when_that_is_said() -> None:
    (row,) = sound(read(renamed(job="?"), Reading.of(renames=["job="])))
    customer = body_of(row)["customer"]
    assert isinstance(customer, dict)
    assert "job" not in customer


@pytest.mark.parametrize(
    ("renames", "sentence"),
    [
        (["amt"], "must be LAYOUT=FILE, such as --map amt=amount"),
        (["=amount"], "must be LAYOUT=FILE"),
        (["amt=a", "amt=b"], "comes twice"),
        (["betrag=amt"], "no such column or field; did you mean --map amt=betrag?"),
        (["nothing=like_it"], "no such column or field$"),
        (["cc_num="], "no transaction is without it"),
    ],
)
def test_a_map_that_does_not_fit_says_what_is_wrong(renames: list[str], sentence: str) -> None:
    with pytest.raises(LayoutError, match=sentence):
        Reading.of(renames=renames, layout="kaggle")


def test_a_map_alone_tells_which_layout_is_meant() -> None:
    """`pan` is a column of the bank's layout alone."""
    assert [layout.name for layout in Reading.of(renames=["pan=Karte"]).candidates] == ["bank"]


def test_columns_of_time_and_zone_can_be_called_something_else() -> None:
    reading = Reading.of(layout="sparkov", renames=["trans_date=day", "trans_time=clock"], separator=",")
    row = ROW | {"day": "2019-01-01", "clock": "00:00:18"}
    assert [row.body for row in sound(read(written([row], list(row)), reading))] == EXPECTED
    bank = Reading.of(layout="bank", renames=["time_zone=tz"]).candidates[0]
    assert bank.occurred_at.zone_column == "tz"
