"""The spans of requests: under the caller's, with the request's own id, and nothing that a client wrote."""

import threading
from collections.abc import Sequence

import pytest

from tests.builders import body, card_number, issued_card_number, json_bytes, transaction_id
from tests.support.kept_spans import KeptSpans, kept_spans
from tests.txn_api.conftest import AppFixture
from txn_core.tracing import span_queue, spans
from txn_core.tracing.span_queue import FinishedSpan, SpanQueue

TRACE, PARENT = "a" * 32, "b" * 16


async def posted(desk: AppFixture, ratio: float = 1.0, **headers: str) -> tuple[KeptSpans, str]:
    """The spans of a post, and its request's id."""
    with kept_spans(ratio) as kept:
        answer = await desk.client.post("/transactions", content=json_bytes(body()), headers=headers)
    assert answer.status_code == 202
    return kept, answer.headers["x-request-id"]


async def test_a_post_is_a_request_an_admission_and_a_call(desk: AppFixture) -> None:
    """The admission is a part of the request; the call is a trace of its own."""
    kept, request_id = await posted(desk)
    (request,), (admission,), (call,) = map(kept.named, ("request", "admission", "put_records"))
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/transactions",
        "http.response.status_code": 202,
        "txn.request_id": request_id,
    }
    assert f"req_{request.ids.span_id:016x}" == request_id
    assert admission.ids[:1] == request.ids[:1]
    assert admission.ids.parent_id == request.ids.span_id
    assert admission.attributes.keys() == {"txn.bytes"}
    assert request.began_ns == admission.began_ns <= admission.ended_ns <= request.ended_ns
    assert call.ids.trace_id != request.ids.trace_id
    assert call.attributes == {"txn.records": 1, "txn.kinesis_records": 1, "txn.failed": 0}


async def test_a_callers_span_is_the_parent(desk: AppFixture) -> None:
    """Its decision holds, whatever the ratio is."""
    kept, _ = await posted(desk, ratio=0.0, traceparent=f"00-{TRACE}-{PARENT}-01")
    (request,) = kept.named("request")
    assert (request.ids.trace_id, request.ids.parent_id) == (int(TRACE, 16), int(PARENT, 16))
    kept, _ = await posted(desk, ratio=1.0, traceparent=f"00-{TRACE}-{PARENT}-00")
    assert kept.named("request") == []
    assert kept.named("admission") == []


@pytest.mark.parametrize(
    "traceparent",
    [
        f"00-{issued_card_number(7).zfill(32)}-{PARENT}-01",
        f"00-{TRACE}-{issued_card_number(7)}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        "nonsense",
    ],
)
async def test_a_span_that_may_hold_a_card_number_is_no_parent(desk: AppFixture, traceparent: str) -> None:
    """The request has a trace of its own then; of random parents one in thousands is not taken up."""
    kept, _ = await posted(desk, traceparent=traceparent)
    (request,) = kept.named("request")
    assert request.ids.parent_id == 0
    assert request.ids.trace_id != int(TRACE, 16)


async def test_refusals_and_failures(desk: AppFixture) -> None:
    """A path that no route takes is told by its route's absence; only failures of ours are errors."""
    number = card_number(9)
    with kept_spans() as kept:
        await desk.client.get(f"/nothing/{number}", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        await desk.client.post("/transactions", content=json_bytes(body(card_number=number, terminal=number)))
    absent, refused = kept.named("request")
    assert absent.attributes["http.route"] == "unmatched"
    assert (absent.attributes["http.response.status_code"], absent.failed) == (404, False)
    assert refused.attributes["http.response.status_code"] == 422
    assert number not in repr(kept.finished)


async def test_a_collector_that_never_answers_delays_no_request(
    desk: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is answered as without one; what does not fit is dropped and counted."""
    monkeypatch.setattr(span_queue, "SPANS_MAX", 20)
    asked, answers = threading.Event(), threading.Event()

    def hang(_: Sequence[FinishedSpan]) -> bool:
        asked.set()
        return answers.wait(60.0)

    queue = SpanQueue(hang, every_s=0.001)
    queue.start()
    monkeypatch.setattr(spans, "recorder", spans.Recorder(queue, 1.0))
    try:
        for number in range(40):
            document = body(transaction_id=transaction_id(number))
            answer = await desk.client.post("/transactions", content=json_bytes(document))
            assert answer.status_code == 202
            assert number or asked.wait(60.0)
    finally:
        answers.set()
    queue.close()
    assert queue.dropped >= 40 * 3 - 20 - 3
    assert queue.exported + queue.dropped == 40 * 3
