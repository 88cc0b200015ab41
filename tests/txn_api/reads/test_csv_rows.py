"""Transactions as CSV."""

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.builders import body, encoded, full_body, payment_fields
from tests.txn_core.strategies import bodies
from txn_api.reads import csv_rows
from txn_api.reads.csv_rows import header, row
from txn_api.reads.fields import EVERYTHING, selection_of
from txn_core.transactions.transaction import parse_transaction

COLUMNS = EVERYTHING.columns()
# The way back, as the module says it.
APOSTROPHE = re.compile(f"{csv_rows._CELL_BEGINS}'(?={csv_rows._FORMULA})")
# Where a spreadsheet may take a cell to begin, whichever separator it thinks there is, and what makes it a formula.
FORMULA = re.compile(r"(?:^|[;\t\r\n])['\"\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def read(text: str) -> list[list[str]]:
    """The cells, by the standard library's reader, which is strict."""
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def written(value: object) -> str:
    """A cell with this value in it, as it is read."""
    [[cell]] = read(row([("type",)], {"type": value}, 0))
    return cell


def test_the_columns_are_the_documents_fields_in_their_order() -> None:
    """For ever: who reads a table by position goes on to."""
    assert header(COLUMNS) == (
        '"transaction_id","account","card_id","card_masked","customer_id","merchant_id","accepted_at","type",'
        '"original_transaction_id","amount_minor","currency","occurred_at",'
        '"merchant.name","merchant.category","merchant.latitude","merchant.longitude",'
        '"customer.reference","customer.first_name","customer.last_name","customer.gender","customer.date_of_birth",'
        '"customer.job","customer.street","customer.city","customer.state","customer.postal_code",'
        '"customer.latitude","customer.longitude","customer.city_population",'
        '"terminal.terminal_id","terminal.entry_mode","is_fraud","conflicts",'
        '"occurred_at_offset_minutes","merchant.country","mcc","authorization_code","retrieval_reference_number",'
        '"system_trace_audit_number","acquirer_id","card_acceptor_id","cardholder_amount_minor",'
        '"cardholder_currency","metadata"\r\n'
    )


def test_a_row_holds_what_the_event_holds() -> None:
    """Texts in quotes, numbers and flags bare, nothing where there is nothing."""
    event = json.loads(encoded(**full_body()).data)
    [cells] = read(row(COLUMNS, event, 2))
    found = dict(zip((".".join(path) for path in COLUMNS), cells, strict=True))
    assert found["merchant.name"] == "Rippin, Kub and Mann"
    assert (found["amount_minor"], found["is_fraud"], found["conflicts"]) == ("497", "false", "2")
    assert (found["merchant.longitude"], found["original_transaction_id"]) == ("-82.048315", "")
    text = row([("customer", "city"), ("amount_minor",), ("conflicts",)], json.loads(encoded(**body()).data), 0)
    assert text == ",497,0\r\n"


def test_fields_of_a_later_version_are_cells_too() -> None:
    """Metadata as JSON, which is text to a spreadsheet."""
    merchant = {"name": "Kub", "country": "DE"}
    event = json.loads(encoded(merchant=merchant, **payment_fields(metadata={"b": "=1;=2", "a": 'say "x"'})).data)
    [cells] = read(row(COLUMNS, event, 0))
    found = dict(zip((".".join(path) for path in COLUMNS), cells, strict=True))
    assert (found["merchant.country"], found["mcc"], found["cardholder_amount_minor"]) == ("DE", "5411", "455")
    assert APOSTROPHE.sub("", found["metadata"]) == r'{"a":"say \"x\"","b":"=1;=2"}'
    assert not re.search("[;\t]=", found["metadata"])


def test_some_columns_alone() -> None:
    """In the document's order, whatever the order they were asked in."""
    columns = selection_of("conflicts,merchant.name,amount_minor,terminal").columns()
    assert (
        header(columns)
        == '"amount_minor","merchant.name","terminal.terminal_id","terminal.entry_mode","conflicts"\r\n'
    )


@pytest.mark.parametrize(
    "attack",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\x00=1",
        " =1",
        '"=1',
        "'=1",
        "''=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff201",
        "a;=1",
        'a";=1',
        'a;"=1',
        "a\t@b",
        "=cmd|'/c calc'!A1",
    ],
)
def test_no_text_is_a_formula(attack: str) -> None:
    """What a terminal sent is text to a spreadsheet, and an apostrophe away from what it was."""
    cell = written(attack)
    assert cell != attack
    assert APOSTROPHE.sub("", cell) == attack
    for part in re.split("[;\t\r\n]", cell.lstrip("\t\r\n")):
        assert not part or part[0] not in "=+-@\uff1d\uff0b\uff0d\uff20"


@given(st.text() | st.text("=+-@;\t\r\n'\" ,a\x00\uff1d"))
@example("';=")
@example(";\t=")
def test_every_text_comes_back(text: str) -> None:
    """By taking the apostrophes away, none of its own is lost; and no cell of it is a formula."""
    cell = written(text)
    assert APOSTROPHE.sub("", cell) == text
    for found in FORMULA.finditer(cell):
        assert found[0].lstrip(";\t\r\n").startswith("'")


@pytest.mark.parametrize("text", ["O'Hara", "'s-Hertogenbosch", "a-b", "Kub; Mann", "1=1", "", "a, b", 'say "b"'])
def test_ordinary_text_is_left_alone(text: str) -> None:
    """A name with a hyphen, an apostrophe or a semicolon is no attack."""
    assert written(text) == text


@pytest.mark.parametrize(("number", "text"), [(-82.5, "-82.5"), (-1, "-1"), (0, "0"), (1e-7, "1e-07")])
def test_numbers_stay_numbers(number: float, text: str) -> None:
    """A negative one is no formula, and is not quoted."""
    assert row([("type",)], {"type": number}, 0) == f"{text}\r\n"


@given(bodies())
def test_any_transaction_makes_one_row(fields: dict[str, object]) -> None:
    """Of as many cells as there are columns, each with its field's value."""
    data = encoded(parse_transaction(json.dumps(fields).encode())).data
    event: dict[str, Any] = json.loads(data)
    [cells] = read(row(COLUMNS, event, 0))
    for path, cell in zip(COLUMNS, cells, strict=True):
        value: Any = 0 if path == ("conflicts",) else event.get(path[0])
        if len(path) > 1 and value is not None:
            value = value.get(path[1])
        shown = "" if value is None else value if isinstance(value, str) else json.dumps(value)
        assert APOSTROPHE.sub("", cell) == shown
