"""Rows of uploaded tables as the loader reads them, in bounded memory."""

import json
from typing import NamedTuple

import pytest

from tests.builders import card_number
from tests.ingest.layouts.files import read
from txn_api.csv_uploads import rows as csv_rows
from txn_api.csv_uploads.rows import CsvRows
from txn_api.problems import Problem, ValidationFailed
from txn_api.writes.fair_memory import FairMemory, Holding
from txn_core.transactions.faults import Fault

BYTES_MAX = 1 << 16
BANK = "card_number,amount,currency,occurred_at,merchant"


class Body(NamedTuple):
    """What was admitted."""

    data: bytes
    card_id: str = ""


def upload(content: bytes, *, memory: FairMemory | None = None) -> list[tuple[int, object]]:
    """Every line's body, or the code and the faults of its problem."""
    table = CsvRows(BYTES_MAX, Holding(memory or FairMemory(1 << 20), "acme"))
    found: list[tuple[int, object]] = []
    for line in (*table.feed(content), *table.end()):
        if line.data == b"":
            continue
        assert line.data is not None
        try:
            found.append((line.number, json.loads(table.admit(line.data, admit=Body).data)))
        except Problem as problem:
            errors = problem.document("req_1")["errors"]
            assert isinstance(errors, list)
            found.append((line.number, [problem.code, *((e.get("column"), e["pointer"], e["code"]) for e in errors)]))
    table.give_back()
    return found


def row(**changes: str) -> str:
    """A sound row of the bank's layout."""
    cells = {
        "card_number": card_number(1),
        "amount": "12.34",
        "currency": "EUR",
        "occurred_at": "2026-01-02T03:04:05Z",
        "merchant": "Kub",
    }
    return ",".join((cells | changes).values())


KAGGLE = (
    ",trans_date_trans_time,cc_num,merchant,category,amt,first,last,gender,street,city,state,zip,lat,long,city_pop,"
    "job,dob,trans_num,unix_time,merch_lat,merch_long,is_fraud"
)
KAGGLE_ROW = (
    f'0,2019-01-01 00:00:18,{card_number(2)},"fraud_Rippin, Kub and Mann",misc_net,4.97,Jennifer,Banks,F,'
    '561 Perry Cove,Moravian Falls,NC,28654,36.0788,-81.1781,3495,"Psychologist, counselling",1988-03-09,'
    "0b242abb623afc578575680df30655b9,1325376018,36.011293,-82.048315,0"
)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join([BANK, row(), row(), row(amount="-1.00"), row(currency="JPY", amount="500")]),
        "\r\n".join([BANK, row(), "", row(merchant='"A, ""B"""')]) + "\r\n",
        "\ufeff" + f"{KAGGLE}\n{KAGGLE_ROW}",
        "\n".join([f"{BANK},note", f'{row()},"over\ntwo lines"', f"{row()},"]),
    ],
)
def test_bodies_are_those_of_the_loader(text: str) -> None:
    """Ids of rows that have none among them: who sends a file to both gets no transaction twice."""
    content = text.encode()
    loaded = read(content)
    assert [body for _, body in upload(content)] == [json.loads(each.body) for each in loaded]  # type: ignore[union-attr]
    assert [number for number, _ in upload(content)] == [each.line for each in loaded]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_is_told_by_the_header(separator: str) -> None:
    content = f"{BANK}\n{row()}\n".encode()
    assert upload(content.replace(b",", separator.encode())) == upload(content)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (row(amount="12.345"), ("amount", "/amount_minor", "amount_format")),
        (row(card_number="4.5E+15"), ("card_number", "/card_number", "card_number_not_digits")),
        (row(currency="XAU"), ("currency", "/currency", "currency_unknown")),
        (row(merchant=""), ("merchant", "/merchant/name", "value_missing")),
        (row(occurred_at="yesterday"), ("occurred_at", "/occurred_at", "timestamp_format")),
        (row() + ",more", (None, "", "column_count")),
        ('"lost,' + row(), (None, "", "quoting")),
    ],
)
def test_a_row_that_does_not_fit_names_its_column(line: str, told: tuple[str | None, str, str]) -> None:
    """And spoils no neighbour."""
    found = upload(f"{BANK}\n{line}\n{row()}\n".encode())
    assert found[0] == (2, ["validation_failed", told])
    assert [number for number, body in found if isinstance(body, dict)] == [3]


def test_a_fault_of_the_service_names_the_column_too() -> None:
    """By what the layout calls it in this file."""
    table = CsvRows(BYTES_MAX, Holding(FairMemory(1 << 20), "acme"))
    *_, line = (*table.feed(f"{BANK}\n{row()}\n".encode()), *table.end())

    def refuse(_: bytes) -> Body:
        raise ValidationFailed([Fault("/merchant/name", "merchant_name_blank"), Fault("/customer", "field_unknown")])

    with pytest.raises(ValidationFailed) as refused:
        table.admit(line.data or b"", admit=refuse)
    errors = refused.value.document("req_1")["errors"]
    assert isinstance(errors, list)
    assert [error.get("column") for error in errors] == ["merchant", None]


@pytest.mark.parametrize(
    ("header", "faults"),
    [
        ("card_number,amount,occurred_at", [("/currency", "column_missing"), ("/merchant/name", "column_missing")]),
        ("currency,occurred_at,merchant,pan", [("/amount_minor", "column_missing")]),
        (f"{BANK},amount", [("", "column_duplicated")]),
        (",".join(["x"] * 300), [("", "text_too_long")]),
        ("x" * 20_000, [("", "text_too_long")]),
        ("x" * 70_000, [("", "text_too_long")]),
    ],
)
def test_a_header_of_no_layout_says_what_it_lacks(header: str, faults: list[tuple[str, str]]) -> None:
    """By the names of the contract, and nothing of what stood there."""
    table = CsvRows(BYTES_MAX, Holding(FairMemory(1 << 20), "acme"))
    first, *_ = table.feed(f"{header}\n{row()}\n".encode())
    with pytest.raises(Problem) as refused:
        table.admit(first.data or b"", admit=Body)
    assert refused.value.code == "layout_unknown"
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == faults


@pytest.mark.parametrize("header", ["", '"', '"a\n"', "\xff", "\0,\0", "a\rb"])
def test_what_is_no_header_is_refused(header: str) -> None:
    content = header.encode("latin-1") + b"\n" + row().encode()
    [*_, (_, last)] = upload(content)
    assert isinstance(last, list)
    assert last[0] == "layout_unknown"


def test_an_empty_table_has_no_rows() -> None:
    assert upload(b"") == upload(f"{BANK}\n".encode()) == upload(b"\r\n\n") == []


def test_rows_without_an_id_are_remembered_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the bound none gets an id, alike ones of before go on, and all is given back."""
    monkeypatch.setattr(csv_rows, "ROWS_WITHOUT_ID_MAX", 2)
    memory = FairMemory(1 << 20, free_bytes=0)
    lines = [row(amount=f"{number}.00") for number in (1, 2, 3, 1)]
    found = [body for _, body in upload("\n".join([BANK, *lines]).encode(), memory=memory)]
    assert found[2] == ["id_required", (None, "/transaction_id", "id_required")]
    ids = [body["transaction_id"] for body in found if isinstance(body, dict)]
    assert len(set(ids)) == 3
    assert memory.held == 0


def test_rows_wait_for_no_memory_that_others_have() -> None:
    """They are refused as what may pass later is, and none after them gets an id that might be theirs."""
    memory = FairMemory(1_000, free_bytes=0)
    memory.take("other", 900)
    lines = [row(amount=f"{number}.00") for number in range(1, 4)]
    found = upload("\n".join([BANK, *lines]).encode(), memory=memory)
    assert [body[0] for _, body in found if isinstance(body, list)] == ["overloaded", "overloaded"]
