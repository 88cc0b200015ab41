"""`POST /transactions/bulk`, as its client sees it."""

import asyncio
import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from backports import zstd

from tests.builders import body, card_number, json_bytes
from tests.support.fake_kinesis import Fate, Reply
from tests.txn_api.asgi import Call, until
from tests.txn_api.conftest import Api, AppFixture
from txn_api.routes import bulk as route
from txn_api.writes import bulk_upload, results

MARK = "\ufeff".encode()


def lines(count: int, *, first: int = 0) -> bytes:
    """So many sound lines with ids of their own, over seven cards."""
    return b"".join(
        json_bytes(body(transaction_id=f"{number:08d}", card_number=card_number(number % 7))) + b"\n"
        for number in range(first, first + count)
    )


def start(desk: AppFixture, *, query: str = "", headers: Mapping[str, str] | None = None) -> Call:
    """An upload under way."""
    usual = {"authorization": desk.client.headers["authorization"], "content-type": "application/x-ndjson"}
    return Call(desk.app, "/transactions/bulk", headers={**usual, **(headers or {})}, query=query)


def assert_totals(line: dict[str, Any], **expected: object) -> None:
    """The totals add up and are as expected."""
    assert line["read"] == line["accepted"] + line["rejected"] + line["unknown"]
    assert {name: line[name] for name in expected} == expected


async def test_an_upload_is_answered_with_its_rejects_and_totals(api: Api) -> None:
    """On the real stream: what is sound is accepted, what is not is named by its line."""
    content = lines(3) + b"\nnot json\n" + json_bytes(body(currency="XYZ")) + b"\r\n" + json_bytes(body(cvv="1"))
    answer = await api.client.post("/transactions/bulk", content=content)
    assert answer.status_code == 200
    *rejected, totals = [json.loads(line) for line in answer.text.splitlines()]
    assert [(line["line"], line["problem"]["code"]) for line in rejected] == [
        (5, "malformed_json"),
        (6, "validation_failed"),
        (7, "validation_failed"),
    ]
    assert [fault["code"] for line in rejected for fault in line["problem"]["errors"]] == [
        "currency_unknown",
        "sensitive_authentication_data",
    ]
    assert_totals(totals, read=6, accepted=3, rejected=3, unknown=0, ended="complete")


@pytest.mark.parametrize("name", ["Kub", "K\u00fcb"])
async def test_a_line_that_names_a_field_twice_is_refused(desk: AppFixture, name: str) -> None:
    """As a single post of it is, and its neighbours land."""
    sound = json_bytes(body(merchant={"name": name}))
    twice = sound.replace(b'"amount_minor":', b'"amount\\u005fminor":1,"amount_minor":')
    answer = await desk.client.post("/transactions/bulk", content=b"\n".join((sound, twice, sound)))
    rejected, totals = [json.loads(line) for line in answer.text.splitlines()]
    faults = [(fault["pointer"], fault["code"]) for fault in rejected["problem"]["errors"]]
    assert (rejected["line"], rejected["problem"]["code"], faults) == (
        2,
        "validation_failed",
        [("/amount_minor", "name_duplicated")],
    )
    assert_totals(totals, read=3, accepted=2, rejected=1)


async def test_all_results_have_the_places_of_their_landings(desk: AppFixture) -> None:
    """`results=all` gives a line per line, the accepted ones with what a single POST answers."""
    answer = await desk.client.post("/transactions/bulk?results=all", content=lines(20) + b"bad\n")
    *found, totals = [json.loads(line) for line in answer.text.splitlines()]
    assert sorted(line["line"] for line in found) == list(range(1, 22))
    for line in found:
        if line["line"] <= 20:
            stored = desk.kinesis.stored[int(line["sequence_number"]) - 1]
            assert json.loads(stored.data)["transaction_id"] == line["transaction_id"] == f"{line['line'] - 1:08d}"
    assert_totals(totals, read=21, accepted=20, rejected=1)


async def test_a_line_needs_an_id_of_its_own(desk: AppFixture) -> None:
    """An Idempotency-Key of the upload would give every line the same one."""
    answer = await desk.client.post(
        "/transactions/bulk",
        content=json_bytes(body(transaction_id=...)),
        headers={"Idempotency-Key": "upload-1"},
    )
    rejected, totals = [json.loads(line) for line in answer.text.splitlines()]
    assert rejected["problem"]["code"] == "id_required"
    assert_totals(totals, read=1, rejected=1)


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\r\n \n"])
async def test_an_upload_of_nothing_is_complete(desk: AppFixture, content: bytes) -> None:
    """No line, no reject."""
    answer = await desk.client.post("/transactions/bulk", content=content)
    assert_totals(json.loads(answer.text), read=0, accepted=0, ended="complete")


async def test_an_overlong_line_spoils_nothing(desk: AppFixture) -> None:
    """It is refused by its number and not kept; its neighbours land."""
    desk.change(bulk_line_bytes_max=1024)
    answer = await desk.client.post(
        "/transactions/bulk", content=lines(1) + b"x" * 100_000 + b"\n" + lines(1, first=1)
    )
    rejected, totals = [json.loads(line) for line in answer.text.splitlines()]
    assert (rejected["line"], rejected["problem"]["code"]) == (2, "body_too_large")
    assert_totals(totals, read=3, accepted=2)


async def test_a_client_may_wait_for_each_result(desk: AppFixture) -> None:
    """Full duplex: a line's result comes while the client has not sent the next one."""
    call = start(desk, query="results=all")
    for number in range(5):
        call.send(lines(1, first=number))
        assert (await call.line(number))["line"] == number + 1
    call.end()
    await call.done()
    assert_totals(call.lines[-1], read=5, accepted=5, ended="complete")
    assert call.complete


async def test_a_reader_that_never_reads_is_cut_off(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines stop being read, what was handed over lands, and the answer is left unfinished."""
    monkeypatch.setattr(route, "UNREAD_BYTES_MAX", 2_000)
    monkeypatch.setattr(route, "UNREAD_S_MAX", 0.05)
    call = start(desk, query="results=all")
    await until(lambda: call.sent)
    call.reading.clear()
    for number in range(100):
        call.send(lines(1, first=number))
        await asyncio.sleep(0)
    await call.done()
    assert not call.complete
    assert call.unread_pieces > 50
    assert desk.services.producer.buffered_bytes == 0


async def test_a_reader_that_stops_at_the_end_is_cut_off(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last results wait no longer than those before them."""
    monkeypatch.setattr(route, "UNREAD_S_MAX", 0.05)
    call = start(desk, query="results=all")
    await until(lambda: call.sent)
    call.reading.clear()
    call.send(lines(3), more=False)
    await call.done()
    assert not call.complete
    assert len(desk.kinesis.stored) == 3


@pytest.mark.parametrize("query", ["", "results=all"])
async def test_a_client_that_goes_away(desk: AppFixture, query: str) -> None:
    """The lines handed over land, the pieces behind are not asked for, and whoever still reads learns the totals."""
    desk.script(Reply(after_s=0.02))
    call = start(desk, query=query)
    call.send(lines(3))
    call.disconnect()
    call.send(lines(3, first=3))
    await call.done()
    assert call.complete
    assert_totals(call.lines[-1], read=3, accepted=3, ended="broken_off")
    assert call.unread_pieces == 1
    assert len(desk.kinesis.stored) == 3
    assert desk.services.producer.buffered_bytes == 0


@pytest.mark.parametrize("query", ["", "results=all"])
async def test_a_client_that_stalls_learns_what_became_of_its_lines(desk: AppFixture, query: str) -> None:
    """No 4xx, which would deny what is stored: the totals say how far the upload was read."""
    desk.change(body_deadline_s=0.5)  # long enough to read what is there
    call = start(desk, query=query)
    call.send(lines(3) + b'{"unfinished')
    await call.done()
    assert call.status == 200
    assert_totals(call.lines[-1], read=3, accepted=3, ended="body_timeout")
    assert ((b"connection", b"close") in call.sent[0]["headers"]) == (query == "")
    assert call.complete


async def test_a_client_that_trickles_learns_what_became_of_its_lines(desk: AppFixture) -> None:
    """A piece now and then, each in time, does not hold a place for ever."""
    desk.change(body_deadline_s=0.5)
    call = start(desk)
    call.send(lines(3))
    async with asyncio.timeout(60):
        while not call.task.done():
            call.send(b" ")
            await asyncio.sleep(0.05)
    assert_totals(call.lines[-1], accepted=3, ended="body_timeout")
    assert (b"connection", b"close") in call.sent[0]["headers"]


@pytest.mark.parametrize("query", ["", "results=all"])
async def test_an_upload_ends_with_the_process(desk: AppFixture, query: str) -> None:
    """At a shutdown the lines read are answered, and the sender is read for a moment to see it."""
    desk.script(Reply(fates=[Fate.THROTTLED]))
    call = start(desk, query=query)
    call.send(lines(3))
    await until(lambda: desk.kinesis.calls)
    desk.services.stop()
    desk.services.stop()
    await until(lambda: call.lines and "receipt_id" in call.lines[-1])
    assert_totals(call.lines[-1], read=3, accepted=3, ended="shutting_down")
    assert not call.complete
    call.end()
    await call.done()
    assert call.complete


async def test_many_rejects_end_an_upload(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rejects until then are listed, and the rest of the body is not looked at."""
    monkeypatch.setattr(bulk_upload, "REJECTS_MAX", 5)
    answer = await desk.client.post("/transactions/bulk", content=b"bad\n" * 1_000 + lines(1))
    *rejected, totals = [json.loads(line) for line in answer.text.splitlines()]
    assert len(rejected) == 5
    assert_totals(totals, read=5, rejected=5, ended="too_many_rejects")
    assert desk.kinesis.calls == []


async def test_uploading_again_is_safe(desk: AppFixture) -> None:
    """The same file gives the same ids and cards, and other receipts."""
    first, second = [await desk.client.post("/transactions/bulk", content=lines(5)) for _ in range(2)]
    keys = [(record.key, json.loads(record.data)["transaction_id"]) for record in desk.kinesis.stored]
    assert sorted(keys[:5]) == sorted(keys[5:])
    assert json.loads(first.text)["receipt_id"] != json.loads(second.text)["receipt_id"]


def test_the_bounds_on_what_is_unread_are_those_of_the_design() -> None:
    """1 MiB and 30 seconds."""
    assert (results.UNREAD_BYTES_MAX, results.UNREAD_S_MAX) == (1 << 20, 30.0)


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZIP", lambda content: gzip.compress(content[:99]) + bytes(7) + gzip.compress(content[99:]) + bytes(512)),
        ("zstd", zstd.compress),
    ],
)
async def test_an_upload_may_be_compressed(api: Api, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    """By `Content-Encoding`, on the real stream."""
    content = compress(lines(50) + b"bad\n")
    answer = await api.client.post("/transactions/bulk", content=content, headers={"Content-Encoding": encoding})
    assert_totals(json.loads(answer.text.splitlines()[-1]), read=51, accepted=50, rejected=1, ended="complete")


@pytest.mark.parametrize(("encoding", "compress"), [("identity", bytes), ("gzip", gzip.compress)])
@pytest.mark.parametrize("piece_bytes", [1, 2, 1000])
async def test_a_byte_order_mark_before_the_first_line_is_skipped(
    desk: AppFixture, encoding: str, compress: Callable[[bytes], bytes], piece_bytes: int
) -> None:
    """Compressed or not and wherever it is cut; before any other line it is malformed as it always was."""
    content = compress(MARK + lines(2) + MARK + lines(1, first=2) + lines(1, first=3))
    call = start(desk, headers={"content-encoding": encoding})
    for at in range(0, len(content), piece_bytes):
        call.send(content[at : at + piece_bytes])
    call.end()
    await call.done()
    rejected, totals = call.lines
    assert (rejected["line"], rejected["problem"]["code"]) == (3, "malformed_json")
    assert_totals(totals, read=4, accepted=3, rejected=1, ended="complete")


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\n\n", b"\r\n \t\r\n"])
@pytest.mark.parametrize("last", [b"", b"\n", b"\r\n", b"\r\n\r\n"])
async def test_lines_end_as_their_writer_ends_them(desk: AppFixture, newline: bytes, last: bytes) -> None:
    """LF or CRLF, blank lines between, a last line with or without an end: the same lines."""
    content = newline.join(lines(3).splitlines()) + last
    answer = await desk.client.post("/transactions/bulk", content=content)
    assert_totals(json.loads(answer.text), read=3, accepted=3, ended="complete")


async def test_an_unknown_encoding_is_refused_with_those_that_are_known(desk: AppFixture) -> None:
    """Before anything is read."""
    answer = await desk.client.post("/transactions/bulk", content=b"x", headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.json()["code"]) == (415, "content_encoding_unsupported")
    assert answer.headers["accept-encoding"] == "identity, gzip, zstd"
