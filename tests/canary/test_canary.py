"""The suite's own eyes: what it plants is found again, wherever and however it stands."""

import base64
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from opentelemetry import trace

from tests.builders import encoded, of_before, request
from tests.canary.coverage import NOT_PROVOKED, gaps
from tests.canary.evidence import Evidence
from tests.canary.exchanges import status_of
from tests.canary.fault.spans import Recorder
from tests.canary.marks import Marks
from tests.canary.odd_places import odd
from tests.canary.plants import Plants, history, score_log
from tests.canary.probes import Probe, Prober
from tests.canary.report import table
from tests.canary.stores import search_answers, search_cores, search_exports, search_logs, search_spans
from tests.canary.warehouse import CITY, PERSON, PersonSearch, amiss
from tests.support.card_search import CardSearch, search_cells, search_files
from txn_api.problems import PROBLEMS
from txn_core.card_numbers.pan import passes_luhn
from txn_core.dynamodb.item_form import ItemForm
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event

MARKS = Marks(7)
NUMBER = MARKS.new("planted")
OPENAPI: dict[str, Any] = {
    "paths": {"/transactions": {"post": {}, "get": {"parameters": [{"in": "query", "name": "card_id"}]}}}
}


def packed(place: str) -> dict[str, Any]:
    """An item of the index whose packed event has the number somewhere."""
    name, amount = (NUMBER, 1) if place == "name" else ("Mann", int(NUMBER))
    event = encoded(of_before(request(amount_minor=1), name)).data
    written = event.replace(b'"amount_minor":1,', f'"amount_minor":{amount},'.encode())
    item = IndexItem.of(Event.decode(written), written, WriteOrder("2026-01-02T03:04:05.678901Z#s#001-1#0"))
    table = TransactionTable(None, "t", 1, item_form=ItemForm.PACKED)  # type: ignore[arg-type]
    found = table.attributes(item)
    assert NUMBER.encode() not in found["event"]["B"]
    return found


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"x{NUMBER}y",
        " ".join(NUMBER[at : at + 4] for at in range(0, 16, 4)),
        "-".join(NUMBER),
        int(NUMBER),
        "".join(f"%{ord(digit):02X}" for digit in NUMBER),
        NUMBER.encode().hex(),
        base64.b64encode(b"card " + NUMBER.encode()).decode(),
        "/x-" + base64.urlsafe_b64encode(NUMBER.encode()).decode().rstrip("="),
        "".join(chr(0xFF10 + int(digit)) for digit in NUMBER),
        "".join(chr(0x0660 + int(digit)) for digit in NUMBER).encode(),
        "".join(f"\\u00{ord(digit):02x}" for digit in NUMBER),
        gzip.compress(NUMBER.encode()),
        gzip.compress(NUMBER.encode() + bytes(1 << 16))[:-9],
        {"event": {"B": zstd.compress(NUMBER.encode())}},
        {"event": {"S": f'{{"x":"{NUMBER}"}}'}},
        packed("name"),
        packed("amount"),
        {"event": {"B": gzip.compress(packed("name")["event"]["B"])}},
        {"conflicts": {"SS": ["0", NUMBER]}, "contents": {"M": {"0": {"B": packed("name")["event"]["B"]}}}},
        ["0" * 40 + NUMBER],
        {"history": {"B": history(amount=int(NUMBER))}},
        {"history": {"B": history(model=NUMBER)}},
    ],
    ids=range(23),
)
def test_a_planted_number_is_found_in_any_dress(text: object) -> None:
    """As a value of a store, an answer or a line."""
    search = CardSearch(MARKS.numbers)
    search.look("value", "here", text)
    assert search.found == ["value here"]


def test_a_planted_number_is_found_in_every_place(tmp_path: Path) -> None:
    """In files, logs, answers' heads and bodies; and a core dump is one by being there."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api.log").write_text(f"Fatal Python error: Aborted\n{NUMBER}\n")
    (tmp_path / "core.17").write_bytes(b"\x7fELF")
    search = CardSearch(MARKS.numbers)
    assert search_logs(search, tmp_path, ["Fatal Python error", "thread_failed"]) == {
        "Fatal Python error": 1,
        "thread_failed": 0,
    }
    search_files(search, tmp_path)
    search_answers(search, {"one": f"HTTP/1.1 200 OK\r\nX: {NUMBER}\r\n\r\n{NUMBER}".encode()})
    assert search.found == ["log line api.log", "file logs/api.log", "answer head one", "answer body one"]
    assert search_cores(search, tmp_path) == [str(tmp_path / "core.17")]


def test_a_planted_number_is_found_in_every_column_of_the_score_log() -> None:
    """Texts, lists, names of a map, and features."""
    plants = Plants(Marks(9))
    ((key, body),) = score_log(plants, "scores/x.parquet").items()
    search = CardSearch(plants.marks.numbers)
    search_cells(search, key, pq.read_table(pa.BufferReader(body)))
    assert Counter(search.found) == plants.expected
    assert len(search.found) == 8


def test_a_planted_number_is_found_in_whatever_is_traced(tmp_path: Path) -> None:
    """In a span's attributes, events, status and errors; not where it says nothing of one."""
    file = tmp_path / "spans.log"
    with Recorder(file).get_tracer().start_as_current_span("GET", attributes={"url.query": NUMBER}) as span:
        span.add_event("read", {"card": NUMBER})
        span.set_status(trace.StatusCode.ERROR, NUMBER)
        span.record_exception(ValueError(NUMBER))
        span.set_attribute("nothing", 1)
    search = CardSearch(MARKS.numbers)
    search_spans(search, file)
    assert (search.searched, len(search.found)) == ({"span": 5}, 4)


def test_a_planted_number_is_found_in_what_a_collector_is_sent() -> None:
    """And each span is counted by its own name, not by one that begins like it."""
    search = CardSearch(MARKS.numbers)
    sound = b"\x0a\x10id\x2a\x07request\x0a\x0etxn.request_id\x2a\x05score"
    assert search_exports(search, [sound, b"\x2a\x05score" + NUMBER.encode()]) == {"request": 1, "score": 2}
    assert search.found == ["exported spans collector"]


def test_the_table_says_how_much_was_searched_and_found() -> None:
    """Nothing found in nothing searched would prove nothing."""
    search, evidence = CardSearch(MARKS.numbers), Evidence(seed=1)
    search.look("log line", "a", "nothing")
    search.look("log line", "b", NUMBER)
    search.look("metric", "c", "nothing")
    evidence.add(search)
    assert table(evidence) == [("log line", 2, 1), ("metric", 1, 0)]


def test_numbers_are_valid_unique_and_the_same_for_a_seed() -> None:
    """So that a finding names its probe, and can be had again."""
    one, other = Marks(3), Marks(3)
    numbers = [one.new(str(number)) for number in range(1_000)]
    assert numbers == [other.new(str(number)) for number in range(1_000)]
    assert len(set(numbers)) == 1_000
    assert all(map(passes_luhn, numbers))


def test_every_request_carries_a_number() -> None:
    """Plain, compressed, or in any dress: one without would prove nothing."""
    evidence = Evidence(seed=5)
    prober = Prober(evidence.marks, "key", OPENAPI)
    for probe in (*prober.probes(), *odd(prober)):
        evidence.note(probe, b"")
    assert evidence.unmarked == []
    assert evidence.sent_headers["traceparent"] > 10 < evidence.sent_headers["idempotency-key"]


def test_what_was_asked_without_a_number_proves_nothing() -> None:
    """Its code, its status and its route are not seen."""
    evidence, answer = (
        Evidence(seed=5),
        b'HTTP/1.1 404 x\r\nContent-Type: application/problem+json\r\n\r\n{"code": "c"}',
    )
    number = evidence.marks.new("a path")
    evidence.note(Probe("without", b"GET /transactions/canary-0 HTTP/1.1\r\n\r\n"), answer)
    assert evidence.unmarked == ["without"]
    assert not evidence.codes
    evidence.note(Probe("with", f"GET /transactions/{number}?x=1 HTTP/1.1\r\n\r\n".encode()), answer)
    assert (evidence.codes, evidence.statuses) == ({"c": 1}, {404: 1})
    assert evidence.routes_of(("GET /{x}", "GET /transactions/{transaction_id}")) == {
        "GET /transactions/{transaction_id}": 1
    }
    lines = (
        b'{"line":1,"problem":{"type":"/problems/d","title":"D","status":422,"code":"d","errors":[]}}\n{"read":1}\n'
    )
    uploaded = b"HTTP/1.1 200 x\r\nContent-Type: application/x-ndjson\r\n\r\n" + lines
    evidence.note(Probe("upload", f"POST /transactions/bulk?x={number} HTTP/1.1\r\n\r\n".encode()), uploaded)
    assert evidence.codes == {"c": 1, "d": 1}


def test_a_run_that_has_seen_nothing_says_of_everything_that_it_is_missing() -> None:
    """Every problem, route, header, crash and place, a line each; and what was planted and not found."""
    evidence = Evidence(seed=1, document=OPENAPI, unseen=["object planted/plain.json"])
    missing = list(gaps(evidence))
    for expected in (
        *(f"problem {problem.code} was not seen" for problem in PROBLEMS if problem.code not in NOT_PROVOKED),
        "route POST /transactions was not seen",
        "number in header traceparent was not seen",
        "crash SIGABRT to api was not seen",
        "place table item was not seen",
        "items of table txn-idempotency was not seen",
        "a planted number was not found: object planted/plain.json",
    ):
        assert expected in missing


def test_a_person_in_a_place_of_the_warehouse_is_named() -> None:
    """Wherever the vault is not; and a search that does not see the vault itself says so."""
    looked = PersonSearch(CardSearch(MARKS.numbers))
    street, city = PERSON["street"], CITY
    looked.look("postgres cell", "oltp.address", street)
    looked.look("postgres cell", "star.dim_customer", street)
    looked.look("warehouse file", "work/duckdb/logs/dbt.log", f"{NUMBER} {street}")
    looked.look("warehouse cell", "warehouse.duckdb star.customer_segments", city)
    assert looked.search.found == ["warehouse file work/duckdb/logs/dbt.log"]
    told = list(amiss(looked))
    assert told[:3] == [
        "a marked person in postgres cell star.dim_customer",
        "a marked person in warehouse file work/duckdb/logs/dbt.log",
        "a city in warehouse cell warehouse.duckdb star.customer_segments",
    ]
    assert "the search does not see postgres cell vault.customer" in told
    assert "nothing of the kind curated object was searched" in told


def test_an_answer_has_its_status() -> None:
    """None when the server only hung up."""
    assert status_of(b"HTTP/1.1 422 Unprocessable\r\n\r\n" + json.dumps({}).encode()) == 422
    assert status_of(b"") == status_of(b"what?") == 0
