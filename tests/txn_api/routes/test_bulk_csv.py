"""`POST /transactions/bulk` with a table, as its client sees it."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from tests.builders import card_number, issued_card_number
from tests.txn_api.asgi import Call, until
from tests.txn_api.conftest import Api, AppFixture
from txn_api.routes import bulk as route

HEADER = "transaction_id,card_number,amount,currency,occurred_at,merchant,city,note"
TYPE = {"content-type": "text/csv"}


def row(number: int, **changes: str) -> str:
    """A sound row with an id of its own."""
    cells = {
        "transaction_id": f"{number:08d}",
        "card_number": card_number(number % 7),
        "amount": "-0.50" if "original" in changes else "12.34",
        "currency": "EUR",
        "occurred_at": "2026-01-02T03:04:05Z",
        "merchant": "Kub",
        "city": "Bern",
        "note": "",
    }
    return ",".join((cells | changes).values())


def table(*rows: str, end: str = "\n") -> bytes:
    """A table of rows."""
    return end.join((HEADER, *rows, "")).encode()


async def send(desk: AppFixture, content: bytes, **options: Any) -> list[dict[str, Any]]:
    """The lines of an upload's answer."""
    answer = await desk.client.post("/transactions/bulk", content=content, headers=TYPE, **options)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_rows_are_accepted_as_the_posts_that_they_stand_for(api: Api) -> None:
    """On the real stream, with a byte order mark and CRLF; a fault is told by line, field, code and column."""
    content = "\ufeff".encode() + table(
        row(1), row(2, amount="1.234"), row(3, card_number="1234567890123456"), end="\r\n"
    )
    answer = await api.client.post(
        "/transactions/bulk", content=content, headers=TYPE | {"content-encoding": "identity"}
    )
    *rejected, totals = [json.loads(line) for line in answer.text.splitlines()]
    told = [
        (line["line"], error["pointer"], error["column"], error["code"])
        for line in rejected
        for error in line["problem"]["errors"]
    ]
    assert told == [
        (3, "/amount_minor", "amount", "amount_format"),
        (4, "/card_number", "card_number", "card_number_luhn"),
    ]
    assert (totals["read"], totals["accepted"], totals["rejected"], totals["ended"]) == (3, 1, 2, "complete")


async def test_an_amount_counts_its_currencys_minor_units(desk: AppFixture) -> None:
    await send(desk, table(row(1), row(2, currency="JPY", amount="500"), row(3, currency="KWD", amount="0.005")))
    stored = [json.loads(each.data) for each in desk.kinesis.stored]
    amounts = {each["transaction_id"]: (each["amount_minor"], each["currency"]) for each in stored}
    assert amounts == {"00000001": (1234, "EUR"), "00000002": (500, "JPY"), "00000003": (5, "KWD")}


async def test_all_results_have_a_line_a_row(desk: AppFixture) -> None:
    *found, totals = await send(desk, table(row(1), row(2), "x"), params={"results": "all"})
    assert sorted(line["line"] for line in found) == [2, 3, 4]
    assert totals["accepted"] == 2


@pytest.mark.parametrize("cell", ["merchant", "city"])
async def test_a_card_number_where_none_may_stand_is_refused(desk: AppFixture, cell: str) -> None:
    """And is not in the answer."""
    number = issued_card_number(5)
    rejected, totals = await send(desk, table(row(1, **{cell: f"paid by {number}"})))
    assert rejected["problem"]["code"] == "card_number_misplaced"
    assert number not in json.dumps(rejected)
    assert totals["accepted"] == len(desk.kinesis.stored) == 0


async def test_a_cell_that_no_column_of_the_layout_holds_is_stored_nowhere(desk: AppFixture) -> None:
    number = issued_card_number(6)
    await send(desk, table(row(1, note=number)))
    [stored] = desk.kinesis.stored
    assert number.encode() not in stored.data


async def test_a_header_that_fits_no_layout_ends_the_upload(desk: AppFixture) -> None:
    """Its card number is not in the answer: a file without a header begins with one."""
    rejected, totals = await send(desk, "\n".join([row(1), row(2), row(3)]).encode())
    assert (rejected["line"], rejected["problem"]["code"]) == (1, "layout_unknown")
    assert {error["code"] for error in rejected["problem"]["errors"]} == {"column_missing"}
    assert card_number(1) not in json.dumps(rejected)
    assert (totals["ended"], totals["read"], totals["accepted"]) == ("layout_unknown", 1, 0)


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf", table()])
async def test_a_table_without_rows_is_none_the_worse(desk: AppFixture, content: bytes) -> None:
    [totals] = await send(desk, content)
    assert (totals["read"], totals["ended"]) == (0, "complete")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("text/csv; charset=utf-8; header=present", 200),
        ('Text/CSV;charset="UTF-8"', 200),
        ("text/csv; charset=windows-1252", 415),
        ("text/csvx", 415),
        ("application/csv", 415),
    ],
)
async def test_a_table_says_that_it_is_one(desk: AppFixture, said: str, status: int) -> None:
    answer = await desk.client.post("/transactions/bulk", content=table(row(1)), headers={"content-type": said})
    assert answer.status_code == status


async def test_a_compressed_table_in_pieces_is_read_as_any(desk: AppFixture) -> None:
    """Cut in the middle of cells, quotes and line ends."""
    content = gzip.compress(table(row(1), row(2, note='"a ""b""\nc"'), row(3)))
    headers = {"authorization": desk.client.headers["authorization"], **TYPE, "content-encoding": "gzip"}
    call = Call(desk.app, "/transactions/bulk", headers=headers)
    for at in range(0, len(content), 7):
        call.send(content[at : at + 7])
    call.send(b"", more=False)
    await call.done()
    assert json.loads(call.body.splitlines()[-1])["accepted"] == 3


async def test_the_same_file_again_is_the_same_transactions(desk: AppFixture) -> None:
    """Of rows without an id, too."""
    content = table(row(1, transaction_id=""), row(2, transaction_id=""), row(1, transaction_id=""))
    for _ in range(2):
        [totals] = await send(desk, content)
        assert totals["accepted"] == 3
    ids = [json.loads(each.data)["transaction_id"] for each in desk.kinesis.stored]
    assert len(set(ids)) == 3
    assert len(ids) == 6
    assert desk.services.memories.row_ids.held == 0


async def test_a_table_in_parts_has_ids_of_its_own(desk: AppFixture) -> None:
    """Two rows that are alike in two parts would get one id, and so be one transaction."""
    content = table(row(1, transaction_id=""), row(2))
    rejected, totals = await send(desk, content, params={"ids": "required"})
    assert (rejected["line"], rejected["problem"]["code"]) == (2, "id_required")
    assert totals["accepted"] == 1


async def test_a_reader_that_never_reads_is_cut_off(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with lines: reading stops, what was handed over lands, and the answer is left unfinished."""
    monkeypatch.setattr(route, "UNREAD_BYTES_MAX", 2_000)
    monkeypatch.setattr(route, "UNREAD_S_MAX", 0.05)
    headers = {"authorization": desk.client.headers["authorization"], **TYPE}
    call = Call(desk.app, "/transactions/bulk", headers=headers, query="results=all")
    await until(lambda: call.sent)
    call.reading.clear()
    call.send(table())
    for number in range(100):
        call.send(f"{row(number)}\n".encode())
        await asyncio.sleep(0)
    await call.done()
    assert not call.complete
    assert call.unread_pieces > 50
    assert desk.services.producer.buffered_bytes == 0


async def test_a_row_that_broke_off_is_no_row(desk: AppFixture) -> None:
    """Nor is a quoted cell whose end did not come."""
    headers = {"authorization": desk.client.headers["authorization"], **TYPE}
    call = Call(desk.app, "/transactions/bulk", headers=headers)
    call.send(table(row(1)) + f'{row(2)}"open\n{row(3)}'.encode())
    call.disconnect()
    await call.done()
    totals = json.loads(call.body.splitlines()[-1])
    assert (totals["read"], totals["accepted"], totals["ended"]) == (1, 1, "broken_off")
