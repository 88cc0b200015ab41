"""A caller's trace id is taken up by the letter of W3C Trace Context, and only where it cannot hold a card number."""

import hypothesis
import pytest
import structlog
from hypothesis import strategies as st

from tests.builders import body, card_number
from tests.txn_api.conftest import AppFixture
from txn_api.access.authenticator import Authenticator
from txn_api.edge.trace import trace_id_of_request, traceresponse
from txn_api.problems import Overloaded
from txn_core.card_numbers.pan import passes_luhn

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
SOUND = f"00-{TRACE}-{PARENT}-01"


def read(*values: str) -> str | None:
    """The trace id of a request with these `traceparent` headers, among others."""
    pairs = [(b"host", b"txn.test"), *((b"traceparent", value.encode()) for value in values), (b"accept", b"*/*")]
    return trace_id_of_request({"headers": pairs, "state": {}})


def test_a_sound_trace_is_taken_up() -> None:
    assert read(SOUND) == TRACE
    assert read() is None


@pytest.mark.parametrize("later", [f"01-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be"])
def test_a_later_version_is_read_as_far_as_it_is_known(later: str) -> None:
    """4.2.1: the first four fields stay what they are."""
    assert read(later) == TRACE


@pytest.mark.parametrize(
    "value",
    [
        "",
        "4111111111111111",
        f"ff-{TRACE}-{PARENT}-01",
        f"0-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-01\n",
        f" {SOUND}",
        f"01-{TRACE}-{PARENT}-01.more",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{'g' * 32}-{PARENT}-01",
        f"{SOUND},{SOUND}",
    ],
)
def test_whatever_else_is_none(value: str) -> None:
    """2.2: a malformed header is as good as absent."""
    assert read(value) is None


def test_two_are_none() -> None:
    """Which of them is meant cannot be known."""
    assert read(SOUND, SOUND) is None


@hypothesis.given(
    st.integers(12, 19), st.integers(0, 10**10 - 1), st.integers(0, 13), st.sampled_from("abcdef0123456789")
)
def test_a_trace_that_may_hold_a_card_number_is_none(length: int, number: int, lead: int, filler: str) -> None:
    """Wherever in the trace id it stands, bounded or not."""
    card = card_number(number, length=length)
    trace = (filler * min(lead, 32 - length) + card).ljust(32, filler)
    assert read(f"00-{trace}-{PARENT}-01") is None


@hypothesis.given(st.binary(min_size=16, max_size=16).filter(any))
def test_what_is_taken_up_is_the_trace_itself_and_holds_no_card_number(raw: bytes) -> None:
    trace = raw.hex()
    taken = read(f"00-{trace}-{PARENT}-01")
    assert taken in {trace, None}
    digits = [trace[start : start + 16] for start in range(17)]
    assert taken is None or not any(run.isdigit() and passes_luhn(run) for run in digits)


def test_the_answer_names_the_request_as_the_traces_child() -> None:
    assert traceresponse(TRACE, "req_0123456789abcdef") == f"00-{TRACE}-0123456789abcdef-00".encode()


async def test_the_trace_is_on_the_answer_and_on_its_log_line(desk: AppFixture) -> None:
    """On every route, whichever layer answers."""
    with structlog.testing.capture_logs() as entries:
        answers = [
            await desk.client.post("/transactions", json=body(currency="?"), headers={"traceparent": SOUND}),
            await desk.client.get("/transactions?limit=x", headers={"traceparent": SOUND}),
            await desk.client.get("/nowhere", headers={"traceparent": SOUND}),
        ]
    for answer in answers:
        request_id = answer.headers["x-request-id"]
        assert answer.headers["traceresponse"] == f"00-{TRACE}-{request_id[4:]}-00"
        assert [entry["trace_id"] for entry in entries if entry["request_id"] == request_id] == [TRACE]


async def test_a_401_repeats_no_trace(desk: AppFixture) -> None:
    """To look through an id is dearer than the refusal (ADR 20); the document does not promise it, either."""
    with structlog.testing.capture_logs() as entries:
        answer = await desk.client.get("/transactions", headers={"traceparent": SOUND, "Authorization": "Bearer no"})
    assert answer.status_code == 401
    assert "traceresponse" not in answer.headers
    assert "trace_id" not in entries[0]
    document = (await desk.client.get("/openapi.json")).json()
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                assert ("traceresponse" in response["headers"]) == (status != "401")


async def test_what_is_refused_before_its_key_is_known_repeats_no_trace(
    desk: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as 503 when too many keys are guessed."""

    async def principal(*_: object) -> None:
        raise Overloaded(1)

    monkeypatch.setattr(Authenticator, "principal", principal)
    answer = await desk.client.get("/merchants", headers={"traceparent": SOUND, "Authorization": "Bearer no"})
    assert answer.status_code == 503
    assert "traceresponse" not in answer.headers


async def test_without_a_trace_there_is_none(desk: AppFixture) -> None:
    with structlog.testing.capture_logs() as entries:
        answer = await desk.client.get("/nowhere")
    assert "traceresponse" not in answer.headers
    assert "trace_id" not in entries[0]


@pytest.mark.parametrize("path", ["/transactions", "/transactions/search"])
async def test_a_trace_that_holds_the_requests_own_card_number_is_not_repeated(desk: AppFixture, path: str) -> None:
    """One of eight digits, too, which a random id may hold: the request is refused, and says nothing of its trace."""
    number = card_number(length=8)
    trace = f"{number}{'a' * 24}"
    content = body(card_number=number) if path == "/transactions" else {"card_number": number}
    with structlog.testing.capture_logs() as entries:
        answer = await desk.client.post(path, json=content, headers={"traceparent": f"00-{trace}-{PARENT}-01"})
    assert answer.json()["code"] == "card_number_misplaced"
    assert number not in str(answer.headers)
    assert number not in str(entries)
