"""The Kaggle layout: every artefact undone, every damaged row named by line, column and code."""

import csv
import gzip
import io
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.files.source import Source, SourceError
from ingest.layouts.cells import MESSAGES
from ingest.layouts.kaggle import COLUMNS, read_rows
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.read_rows import DamagedRow, Row, SoundRow
from tests.txn_cli.builders import CARD, body_of, cells, csv_of, parse_row, shared, sound
from txn_core.transactions.transaction import parse_transaction


def rows_of(content: bytes) -> list[Row]:
    return list(read_rows(io.BytesIO(content)))


def faults_of(row: Row) -> list[tuple[str, str]]:
    assert isinstance(row, DamagedRow)
    assert all(fault.line == row.line and fault.message == MESSAGES[fault.code] for fault in row.faults)
    return [(fault.field, fault.code) for fault in row.faults]


def test_a_row_becomes_the_request_body() -> None:
    assert body_of(sound(2, trans_num="0b242abb623afc578575680df30655b9")) == {
        "transaction_id": "0b242abb623afc578575680df30655b9",
        "type": "purchase",
        "card_number": CARD,
        "amount_minor": 497,
        "currency": "USD",
        "occurred_at": "2019-01-01T00:00:18Z",
        "merchant": {
            "name": "Rippin, Kub and Mann",
            "category": "misc_net",
            "latitude": 36.011293,
            "longitude": -82.048315,
        },
        "customer": {
            "first_name": "Jennifer",
            "last_name": "O'Banks",
            "gender": "F",
            "date_of_birth": "1988-03-09",
            "job": "Psychologist, counselling",
            "street": "561 Perry Cove",
            "city": "Moravian Falls",
            "state": "NC",
            "postal_code": "02865",
            "latitude": 36.0788,
            "longitude": -81.1781,
            "city_population": 3495,
        },
        "is_fraud": False,
    }


def test_the_body_passes_the_service_s_own_rules() -> None:
    assert parse_transaction(sound().body).transaction_id


def test_a_coordinate_keeps_all_its_decimals() -> None:
    assert b'"latitude":32.160866999999996,' in sound(merch_lat="32.160866999999996").body


def test_only_the_first_fraud_prefix_is_an_artefact() -> None:
    body = body_of(sound(merchant="fraud_fraud_ Busters"))
    assert body["merchant"] == body_of(sound())["merchant"] | {"name": "fraud_ Busters"}  # type: ignore[operator]


def test_a_card_number_beyond_2_to_the_53_keeps_every_digit() -> None:
    assert body_of(sound(cc_num="9999000000000000018"))["card_number"] == "9999000000000000018"


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("cc_num", "2.70319E+15", "card_number_not_digits"),
        ("cc_num", "9999 0000", "card_number_not_digits"),
        ("cc_num", "\u0661" * 16, "card_number_not_digits"),  # digits, but not ASCII
        ("cc_num", "", "value_missing"),
        ("trans_date_trans_time", "01-01-2019 00:00", "timestamp_format"),
        ("trans_date_trans_time", "2019-01-01 00:00", "timestamp_format"),
        ("trans_date_trans_time", "2019-01-01T00:00:00", "timestamp_format"),
        ("trans_date_trans_time", "2019-02-30 00:00:00", "timestamp_format"),
        ("dob", "09-03-1988", "date_format"),
        ("dob", "1988-02-30", "date_format"),
        ("amt", "4.975", "amount_format"),
        ("amt", "1E+2", "amount_format"),
        ("amt", "-4.97", "amount_format"),
        ("amt", ".97", "amount_format"),
        ("amt", "4.", "amount_format"),
        ("amt", "nan", "amount_format"),
        ("zip", "28654-1234", "zip_format"),
        ("zip", "2", "zip_format"),
        ("lat", "north", "coordinate_format"),
        ("merch_long", "1e5", "coordinate_format"),
        ("city_pop", "3,495", "population_format"),
        ("is_fraud", "2", "flag_format"),
        ("is_fraud", "True", "flag_format"),
        ("merchant", "fraud_", "value_missing"),
        ("amt", "", "value_missing"),
        ("trans_date_trans_time", "", "value_missing"),
        ("merchant", " ", "value_missing"),
        ("street", "561 Perry\nCove", "line_break"),
    ],
)
def test_a_cell_that_does_not_fit_is_named_with_its_code(column: str, cell: str, code: str) -> None:
    assert faults_of(parse_row(cells() | {column: cell}, line=7)) == [(column, code)]


def test_every_fault_of_a_row_is_reported_in_the_file_s_order() -> None:
    row = parse_row(cells(dob="9 March", cc_num="2.7E+15", trans_date_trans_time="today"), line=2)
    assert faults_of(row) == [
        ("trans_date_trans_time", "timestamp_format"), ("cc_num", "card_number_not_digits"), ("dob", "date_format")
    ]  # fmt: skip


def test_a_damaged_row_never_shows_a_value() -> None:
    row = parse_row(cells(cc_num=f"{CARD}x"), line=2)
    assert CARD not in repr(row)
    assert CARD not in repr(parse_row(cells(), line=2))


def test_ignored_columns_may_hold_anything() -> None:
    assert isinstance(parse_row(cells(unix_time="lost") | {"": ""}, line=2), SoundRow)


def test_rows_are_numbered_by_the_line_they_start_on() -> None:
    content = csv_of([cells(1), cells(2, street="two\nlines"), cells(3)]) + b"short,row\n"
    assert [(row.line, isinstance(row, SoundRow)) for row in rows_of(content)] == [
        (2, True), (3, False), (5, True), (6, False)
    ]  # fmt: skip


def test_a_row_with_another_number_of_cells_is_damaged_as_a_whole() -> None:
    row = rows_of(csv_of([]) + b"a,b,c\n")[0]
    assert faults_of(row) == [("row", "column_count")]


def test_columns_are_found_by_name_in_any_order() -> None:
    (row,) = rows_of(csv_of([cells()], header=reversed(COLUMNS)))
    assert row == parse_row(cells(), line=2)


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in {"", "trans_num", "unix_time"}])
def test_a_column_that_is_read_and_missing_is_one_error_for_the_file(column: str) -> None:
    renamed = ["other" if name == column else name for name in COLUMNS]
    with pytest.raises(
        LayoutError, match=f"^it is not in layout kaggle: the header lacks '{column}'. Name the file's"
    ):
        rows_of(",".join(renamed).encode())


@pytest.mark.parametrize("column", ["", "unix_time"])
def test_a_column_that_is_not_read_may_be_missing(column: str) -> None:
    (row,) = rows_of(csv_of([cells()], header=[name for name in COLUMNS if name != column]))
    assert row == parse_row(cells(), line=2)


def test_a_column_that_is_not_read_is_not_sent() -> None:
    """The service refuses `cvv` by name; a file's other columns are nobody's business."""
    (row,) = rows_of(csv_of([cells() | {"cvv": "123"}], header=[*COLUMNS, "cvv"]))
    assert row == parse_row(cells(), line=2)


def test_a_column_that_is_read_stands_once_in_the_header() -> None:
    with pytest.raises(LayoutError, match="the header has the column 'amt' 2 times"):
        rows_of((",".join([*COLUMNS, "amt"]) + "\n").encode())


OPTIONAL = [
    "category", "first", "last", "gender", "street", "city", "state", "zip", "lat", "long", "city_pop", "job", "dob",
    "merch_lat", "merch_long", "is_fraud",
]  # fmt: skip


@pytest.mark.parametrize("cell", ["", " ", "\u200b"])
@pytest.mark.parametrize("column", OPTIONAL)
def test_an_empty_optional_cell_costs_no_row_and_says_nothing(column: str, cell: str) -> None:
    body, whole = body_of(sound(2, **{column: cell})), body_of(sound())
    pointer = next(pointer for pointer, name in sound().columns.items() if name == column)
    *inside, name = pointer[1:].split("/")
    for part in inside:
        body, whole = body[part], whole[part]  # type: ignore[assignment]
    assert body == {key: value for key, value in whole.items() if key != name}


def test_a_row_with_no_optional_cell_at_all_passes_the_service_s_own_rules() -> None:
    request = parse_transaction(sound(2, **dict.fromkeys(OPTIONAL, "")).body)
    assert (request.customer, request.is_fraud, request.merchant.name) == (None, None, "Rippin, Kub and Mann")


def test_a_file_without_a_header_does_not_show_its_first_row() -> None:
    content = csv_of([cells()]).split(b"\n", 1)[1]
    with pytest.raises(LayoutError, match="it has no header: write one above its rows") as caught:
        rows_of(content)
    assert CARD not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\n"])
def test_a_file_without_anything_is_not_in_the_layout(content: bytes) -> None:
    with pytest.raises((LayoutError, SourceError)):
        rows_of(content)


@pytest.mark.parametrize(
    ("pointer", "column"),
    [
        ("/card_number", "cc_num"),
        ("#/card_number", "cc_num"),
        ("/merchant/name", "merchant"),
        ("/merchant/longitude", "merch_long"),
        ("/customer/longitude", "long"),
        ("/occurred_at", "trans_date_trans_time"),
        ("/currency", "row"),
        ("", "row"),
    ],
)
def test_a_pointer_of_the_server_leads_back_to_the_column(pointer: str, column: str) -> None:
    assert sound().column_of(pointer) == column


@given(st.integers(0, 10**12), st.sampled_from(["{:.2f}", "{:.1f}", "{:.0f}"]))
def test_an_amount_is_its_decimal_text_in_hundredths(minor: int, form: str) -> None:
    text = form.format(Decimal(minor) / 100)
    assert body_of(sound(amt=text))["amount_minor"] == Decimal(text) * 100


def test_every_row_that_a_spreadsheet_mangled_is_rejected_with_its_line_column_and_reason() -> None:
    with shared("kaggle_excel_mangled.csv").open("rb") as file:
        rows = list(read_rows(file))
    assert len(rows) == 300
    assert [row.line for row in rows] == list(range(2, 302))
    assert all(isinstance(row, DamagedRow) for row in rows)
    found = Counter(kind for row in rows for kind in faults_of(row))
    assert found == {
        ("trans_date_trans_time", "timestamp_format"): 300,
        ("dob", "date_format"): 300,
        # One card number of eleven digits was short enough for the spreadsheet to leave it alone.
        ("cc_num", "card_number_not_digits"): 299,
    }


def test_the_sample_data_parses_without_a_rejection() -> None:
    path = shared("kaggle_like_dev.csv.gz")
    with Source.open(str(path)) as source, gzip.open(path, "rt", newline="") as text:
        for row, raw in zip(source.rows(20_000), csv.DictReader(text), strict=False):
            assert isinstance(row, SoundRow)
            if row.line % 50 == 0:
                body = body_of(row)
                assert body["card_number"] == raw["cc_num"]
                assert body["amount_minor"] == Decimal(raw["amt"]) * 100
                assert body["transaction_id"] == raw["trans_num"]
        assert row.line == 20_001
