"""What the judge looks for, seen in transcripts made by hand."""

from collections import Counter
from dataclasses import replace
from typing import Final

import pytest

from tests.builders import json_bytes
from tests.http.application import Recorded
from tests.http.judging.comparing import differences, violations
from tests.http.judging.oracle import Exchange
from tests.http.judging.transcript import HttpReply, Transcript
from tests.http.playing import Expected
from tests.http.requests.delivery import Delivery, End

_GONE: Final = Delivery(end=End.GOES)


def answer(status: int = 202, document: object = None, **changes: object) -> HttpReply:
    body = json_bytes({"transaction_id": "one"} if document is None else document)
    return replace(HttpReply(status, "length", whole=True, says_close=False, body=body), **changes)  # type: ignore[arg-type]


def transcript(*answers: HttpReply, stored: tuple[bytes, ...] = (), closed: bool = False) -> Transcript:
    return Transcript(answers, "", closed, stored)


def expected(right: Transcript) -> Expected:
    return Expected(right, (), 0, Counter())


def exchange(*ids: str, target: bytes = b"/transactions") -> Exchange:
    content = b"\n".join(json_bytes({"transaction_id": name}) for name in ids)
    return Exchange(b"POST", target, bytearray(content))


RIGHT: Final = replace(
    transcript(answer(), answer(404, {"code": "x"}), stored=(b"one",)),
    heads=(Recorded("POST", "/", b"/", b"", ((b"host", b"x"),)),),
)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (replace(RIGHT, answers=RIGHT.answers[:1]), "statuses [202] instead of [202, 404]"),
        (replace(RIGHT, answers=RIGHT.answers[::-1]), "statuses [404, 202]"),
        (replace(RIGHT, answers=(RIGHT.answers[0], answer(404, {"code": "y"}))), "answer 1: body"),
        (replace(RIGHT, answers=(answer(framing="chunked"), RIGHT.answers[1])), "framed by chunked"),
        (replace(RIGHT, answers=(answer(interim=1), RIGHT.answers[1])), "1 times 100 Continue"),
        (replace(RIGHT, answers=(answer(fields=((b"a", b"b"),)), RIGHT.answers[1])), "answer 0: fields"),
        (replace(RIGHT, answers=(RIGHT.answers[0], answer(404, {"code": "x"}, whole=False))), "answer 1: cut"),
        (replace(RIGHT, closed=True), "closed"),
        (replace(RIGHT, stored=()), "stored nothing instead of one"),
        (replace(RIGHT, stored=(b"one", b"one")), "stored one, one"),
        (replace(RIGHT, junk="what"), "not HTTP"),
        (replace(RIGHT, heads=(Recorded("POST", "/", b"/", b"", ()),)), "the application is told"),
    ],
)
def test_a_difference_is_said(found: Transcript, said: str) -> None:
    """Each kind, and nothing of what is the same."""
    (text,) = differences(expected(RIGHT), found, Delivery())
    assert said in text
    assert not [*differences(expected(RIGHT), RIGHT, Delivery())]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (transcript(answer(), stored=(b"two",)), "two was stored, and no request has it as its body"),
        (transcript(answer()), "202 for b'one', and it is not stored"),
        (transcript(answer(400, {}), stored=(b"one",)), "400 , and one was stored"),
        (transcript(answer(503, {"code": "not_stored"}), stored=(b"one",)), "503 not_stored, and one was stored"),
        (transcript(stored=(b"one",)), "one was stored, and request 0 has no answer"),
        (transcript(answer(says_close=True), stored=(b"one",)), "the connection stays"),
    ],
)
def test_a_broken_promise_is_said(found: Transcript, said: str) -> None:
    """What is stored follows from what was answered."""
    texts = [*violations([exchange("one")], found, Delivery())]
    assert any(said in text for text in texts), texts


@pytest.mark.parametrize(
    "found",
    [
        transcript(answer(), stored=(b"one",)),
        transcript(answer(503, {"code": "outcome_unknown"}), stored=(b"one",)),
        transcript(answer(503, {"code": "outcome_unknown"})),
        transcript(answer(401, {})),
    ],
)
def test_a_promise_that_was_kept_is_no_violation(found: Transcript) -> None:
    assert not [*violations([exchange("one")], found, Delivery())]


def test_what_is_stored_for_a_client_that_is_gone_needs_no_answer() -> None:
    assert not [*violations([exchange("one")], transcript(stored=(b"one",)), _GONE)]
    assert [*violations([exchange("one")], transcript(answer(422, {}), stored=(b"one",)), _GONE)]


def test_the_totals_of_an_upload_count_what_is_stored() -> None:
    upload = exchange("one", "two", target=b"/transactions/bulk")
    for accepted, is_right in ((2, True), (1, False)):
        told = transcript(answer(200, {"accepted": accepted}), stored=(b"one", b"two"))
        assert bool([*violations([upload], told, Delivery())]) is not is_right


def test_order_and_cuts_among_answers_are_promises() -> None:
    cut = transcript(answer(404, {}, whole=False), answer(404, {}))
    early = transcript(answer(404, {}, says_close=True), answer(404, {}), closed=True)
    for found in (cut, early):
        assert [*violations([exchange(), exchange()], found, Delivery())]
