"""The client: one request a call, and an error that says what may be done about it."""

import asyncio
import json
from collections import deque
from contextlib import nullcontext
from pathlib import Path
from typing import cast

import httpx
import pytest

from ingest.api_client.client import ApiClient
from ingest.api_client.replies import ListPage, Problem, ProtocolError, RefusedError, UnavailableError
from tests.txn_cli.builders import CARD, OTHER_CARD, sound, sound_rows
from tests.txn_cli.fake_api import Bytes, CutOff, FakeApi, Fault, HttpReply, StopReading, Unsettled, problem
from txn_core.transactions.identity import CardId
from txn_core.transactions.instants import Instant

LACKING = {"pointer": "/fields", "code": "customer_scope_required", "message": "needs a scope"}
TOTALS = {"receipt_id": "r", "read": 2, "accepted": 2, "rejected": 0, "unknown": 0}


def api(*faults: Fault | None) -> FakeApi:
    return FakeApi(faults=deque(faults))


def ndjson(*documents: object) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


async def test_an_accepted_transaction_has_no_problem() -> None:
    fake = api()
    async with fake.client() as client:
        assert await client.post(sound().body) is None
    assert list(fake.stored.values()) == [1]


async def test_a_rejected_transaction_says_why() -> None:
    async with api().client() as client:
        found = await client.post(sound(cc_num=CARD[:-1] + str((int(CARD[-1]) + 1) % 10)).body)
    assert found is not None
    assert [(fault.pointer, fault.code) for fault in found.faults] == [("/card_number", "card_number_luhn")]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_may_pass_later_is_unavailable(status: int) -> None:
    async with api(HttpReply(status), HttpReply(status), HttpReply(status)).client() as client:
        with pytest.raises(UnavailableError):
            await client.post(sound().body)
        with pytest.raises(UnavailableError):
            await client.post_bulk([sound().body])
        with pytest.raises(UnavailableError):
            await client.get("some-id")


@pytest.mark.parametrize("status", [401, 403, 404, 405, 415])
async def test_what_the_caller_may_not_do_is_refused(status: int) -> None:
    async with api(HttpReply(status), HttpReply(status), HttpReply(status)).client() as client:
        with pytest.raises(RefusedError):
            await client.post(sound().body)
        with pytest.raises(RefusedError):
            await client.post_bulk([sound().body])
        with pytest.raises(RefusedError):
            await client.get("some-id")


async def test_the_time_to_retry_after_is_handed_on() -> None:
    async with api(HttpReply(503, "overloaded", (("Retry-After", "7"),)), HttpReply(503)).client() as client:
        with pytest.raises(UnavailableError, match="503 overloaded") as asked:
            await client.post(sound().body)
        with pytest.raises(UnavailableError) as not_asked:
            await client.post(sound().body)
    assert (asked.value.retry_after_s, not_asked.value.retry_after_s) == (7.0, None)


async def test_a_broken_connection_is_unavailable_and_shows_nothing_of_the_body() -> None:
    async with api(CutOff()).client() as client:
        with pytest.raises(UnavailableError) as caught:
            await client.post_bulk([sound().body])
    assert str(caught.value) == "no answer from http://fake (ReadError)"
    assert CARD not in repr(caught.value)


async def test_an_address_that_is_none_is_refused_at_once() -> None:
    async with ApiClient.connect("ftp://127.0.0.1", "key") as client:
        with pytest.raises(RefusedError, match="no address of a service"):
            await client.get("some-id")


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:x", "http://h/\x1b[31m"])
async def test_a_mistyped_address_is_refused_and_not_quoted(url: str) -> None:
    """It used to end the command with a crash report."""
    with pytest.raises(RefusedError) as caught:
        async with ApiClient.connect(url, "key"):
            pass
    assert str(caught.value) == "that is no address of a service"


async def test_bulk_names_the_lines_that_were_not_accepted() -> None:
    fake = api(Unsettled([3]))
    rows = [sound(1), sound(2, cc_num="99990000"), sound(3), sound(4, cc_num=OTHER_CARD)]
    async with fake.client() as client:
        answer = await client.post_bulk([row.body for row in rows])
    assert answer.receipt_id == "receipt-1"
    assert answer.read == 4
    assert {n: (p.code, p.may_pass_later) for n, p in answer.problems.items()} == {
        2: ("validation_failed", False),
        3: ("outcome_unknown", True),
    }


async def test_bulk_says_how_many_lines_were_read() -> None:
    async with api(StopReading(after=2)).client() as client:
        assert (await client.post_bulk([row.body for row in sound_rows(5)])).read == 2


async def test_bulk_is_streamed_in_order() -> None:
    fake = api()
    rows = sound_rows(1_000)
    async with fake.client() as client:
        await client.post_bulk([row.body for row in rows])
    assert fake.requests == [[f"{row.line:032x}" for row in rows]]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", UnavailableError),
        (ndjson({"line": 1, "problem": problem(422, "validation_failed")}), UnavailableError),
        (b"<html>", ProtocolError),
        (ndjson({"line": 1}, TOTALS), ProtocolError),
        (ndjson({"line": 1, "problem": {}}, TOTALS | {"accepted": 1}), ProtocolError),
        (ndjson(TOTALS | {"accepted": 1}), ProtocolError),
        (ndjson(TOTALS | {"read": 3, "accepted": 3}), ProtocolError),
        (ndjson({"line": 3, "problem": problem(422, "x")}, TOTALS | {"accepted": 1}), ProtocolError),
    ],
)
async def test_an_answer_that_does_not_add_up_is_an_error(body: bytes, error: type[Exception]) -> None:
    async with api(Bytes(body)).client() as client:
        with pytest.raises(error):
            await client.post_bulk([row.body for row in sound_rows(2)])


async def test_a_line_separator_inside_an_answer_s_text_ends_no_line() -> None:
    rejected = {"line": 1, "problem": problem(422, "x", [{"pointer": "", "code": "x", "message": "a\u2028b\x85c"}])}
    body = json.dumps(rejected, ensure_ascii=False).encode() + b"\n" + ndjson(TOTALS | {"accepted": 1, "rejected": 1})
    async with api(Bytes(body)).client() as client:
        answer = await client.post_bulk([row.body for row in sound_rows(2)])
    assert answer.problems[1].faults[0].message == r"a\u2028b\x85c"


async def test_what_a_service_says_is_printable_and_short() -> None:
    """It may be another program that answers, or somebody who would like to write to our terminal and files."""
    hostile = "\x1b]52;c;aGk=\x07\u202e" + "x" * 1_000
    fault = {"pointer": hostile, "code": hostile, "message": hostile}
    rejected = {"line": 1, "problem": problem(422, hostile, [fault]) | {"title": hostile}}
    body = ndjson(rejected, TOTALS | {"accepted": 1, "rejected": 1})
    async with api(Bytes(body)).client() as client:
        answer = await client.post_bulk([row.body for row in sound_rows(2)])
    said = answer.problems[1]
    for text in (said.code, said.title, said.faults[0].pointer, said.faults[0].code, said.faults[0].message):
        assert text.startswith(r"\x1b]52;c;aGk=\x07\u202exxx")
        assert text.isprintable()
        assert len(text) < 250


async def test_a_transaction_is_read_by_its_id() -> None:
    fake = FakeApi(documents={"known": {"a": 1}})
    async with fake.client() as client:
        assert await client.get("known") == {"a": 1}
        assert await client.get("unknown") is None


async def test_a_card_s_transactions_are_read_page_by_page() -> None:
    documents = {
        f"id-{n}": {"transaction_id": f"id-{n}", "card_id": "card_1", "occurred_at": f"2019-01-0{n}"}
        for n in range(1, 6)
    }
    fake = FakeApi(documents={**documents})
    start, end = Instant("2019-01-02"), Instant("2019-01-05")
    async with fake.client() as client:
        one = await client.list_card(CardId("card_1"), start, end, 2, None)
        two = await client.list_card(CardId("card_1"), start, end, 2, one.next_cursor)
        other = await client.list_card(CardId("card_2"), start, end, 2, None)
    assert (one.documents, two.documents) == ([documents["id-2"], documents["id-3"]], [documents["id-4"]])
    assert one.next_cursor is not None
    assert two.next_cursor is None
    assert other == ListPage([], None)


async def test_a_list_that_the_caller_may_not_read_is_refused() -> None:
    async with api(HttpReply(403)).client() as client:
        with pytest.raises(RefusedError):
            await client.list_card(CardId("card_1"), Instant("0"), Instant("1"), 2, None)


@pytest.mark.parametrize(
    "page", [{}, {"data": {}, "next_cursor": None}, {"data": [1], "next_cursor": None}, {"data": []}]
)
async def test_a_page_that_is_none_is_an_error(page: object) -> None:
    async with api(Bytes(json.dumps(page).encode())).client() as client:
        with pytest.raises(ProtocolError):
            await client.list_card(CardId("card_1"), Instant("0"), Instant("1"), 2, None)


async def test_a_path_that_the_service_does_not_know_is_not_a_missing_transaction() -> None:
    async with api(HttpReply(404, "route_not_found")).client() as client:
        with pytest.raises(RefusedError):
            await client.get("known")


@pytest.mark.parametrize("body", [b"[]", b"{", b"[" * 100_000])
async def test_a_transaction_that_is_no_object_is_an_error(body: bytes) -> None:
    async with api(Bytes(body)).client() as client:
        with pytest.raises(ProtocolError):
            await client.get("known")


async def test_a_problem_that_is_not_json_is_known_by_its_status() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(502, text="<html>Bad gateway</html>"))
    async with httpx.AsyncClient(transport=transport, base_url="http://fake") as http:
        with pytest.raises(UnavailableError, match="502 http_502"):
            await ApiClient([http]).get("some-id")


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (problem(403, "scope_missing", [LACKING]), "lacks the scope customer:read"),
        (problem(403, "scope_missing"), "403 scope_missing"),
        (problem(401, "api_key_invalid"), "401 api_key_invalid"),
        (problem(404, "transaction_not_found"), None),
        (problem(422, "invalid"), None),  # a service of before, which shows everything, and may not know the field
    ],
)
async def test_a_key_that_is_shown_no_whole_customers_is_refused(
    answer: dict[str, object], refusal: str | None
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(cast("int", answer["status"]), json=answer))
    async with httpx.AsyncClient(transport=transport, base_url="http://fake") as http:
        with nullcontext() if refusal is None else pytest.raises(RefusedError, match=refusal):
            await ApiClient([http]).require_customers()


async def test_there_are_as_many_calls_at_once_as_lanes() -> None:
    fake = api()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(fake), base_url="http://fake") as http:
        client = ApiClient([http] * 3)
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(_refused(client)) for _ in range(10)]
    assert all(call.result() for call in calls)
    assert fake.at_once_max == 3


async def _refused(client: ApiClient) -> bool:
    try:
        await client.get("some-id")
    except RefusedError:
        return True
    return False


def test_a_problem_needs_status_and_code() -> None:
    with pytest.raises(ProtocolError):
        Problem.of({"title": "?"})


@pytest.mark.parametrize(
    ("url", "through_proxy"),
    [("http://127.0.0.1:1", False), ("http://[::1]:1", False), ("http://localhost:1", False), ("http://api:1", True)],
)
async def test_what_goes_to_this_machine_goes_through_no_proxy(
    url: str, through_proxy: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with ApiClient.connect(url, "key") as client:
        assert client._free.get_nowait().trust_env is through_proxy


async def test_whom_we_trust_is_not_read_for_a_plain_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Here it could not be."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    async with ApiClient.connect("http://127.0.0.1:9", "key"):
        pass
    with pytest.raises(FileNotFoundError):
        async with ApiClient.connect("https://127.0.0.1:9", "key"):
            pass
