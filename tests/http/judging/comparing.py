"""What is wrong with what our connection answered: against the oracle's answers, and against our own promises."""

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Final

from tests.http.judging.oracle import Exchange
from tests.http.judging.transcript import HttpReply, Transcript
from tests.http.playing import Expected
from tests.http.requests.delivery import Delivery

UPLOAD: Final = b"/transactions/bulk"
_ID: Final = re.compile(rb'"transaction_id":"([^"]*)"')


def differences(expected: Expected, found: Transcript, delivery: Delivery) -> Iterator[str]:
    """Where the answers differ from the oracle's."""
    if found.junk:
        yield f"what was written is not HTTP: {found.junk}"
    if delivery.is_gone:
        return
    right = expected.transcript
    if found.statuses != right.statuses:
        yield f"statuses {found.statuses} instead of {right.statuses}"
    else:
        for number, (answer, other) in enumerate(zip(found.answers, right.answers, strict=True)):
            by_application = number < len(right.answers) - 1 or not expected.refused
            yield from (f"answer {number}: {text}" for text in unlike(answer, other, by_application=by_application))
            # Its end may come before or behind it, and so may what breaks a body that ours reads in parts.
            broken = other.status == HTTPStatus.BAD_REQUEST and answer.interim == 1
            if answer.interim != other.interim and not (delivery.hurries or broken):
                yield f"answer {number}: {answer.interim} times 100 Continue instead of {other.interim}"
    if found.closed != right.closed:
        yield "closed" if found.closed else "not closed"
    for head, right_head in zip(found.heads, right.heads, strict=False):
        if head != right_head:
            yield f"the application is told {head} instead of {right_head}"
    if sorted(found.stored) != sorted(right.stored):
        yield f"stored {_listed(found.stored)} instead of {_listed(right.stored)}"


def violations(exchanges: Sequence[Exchange], found: Transcript, delivery: Delivery) -> Iterator[str]:
    """Where what is stored does not follow from what was answered.

    `exchanges` are the requests as the oracle framed them: what they did not hold was never sent.
    """
    sent = [set(_ID.findall(exchange.content)) for exchange in exchanges]
    stored = set(found.stored)
    for transaction_id in sorted(stored.difference(*sent)):
        yield f"{transaction_id.decode()} was stored, and no request has it as its body"
    for number, (exchange, ids) in enumerate(zip(exchanges, sent, strict=True)):
        here = stored & ids
        if number < len(found.answers):
            elsewhere = set().union(*(other for place, other in enumerate(sent) if place != number))
            yield from _unkept(exchange, found.answers[number], here, here - elsewhere)
        elif here and not delivery.is_gone:
            yield f"{_listed(here)} was stored, and request {number} has no answer"
    if found.answers and any(answer.says_close for answer in found.answers[:-1]):
        yield "an answer that says `close` is not the last one"
    if found.answers and found.answers[-1].says_close and not found.closed and found.answers[-1].whole:
        yield "the last answer says `close`, and the connection stays"
    if any(not answer.whole for answer in found.answers[:-1]):
        yield "an answer was cut, and another one follows"


def unlike(answer: HttpReply, other: HttpReply, *, by_application: bool = True) -> Iterator[str]:
    """Where two answers differ; how a connection words its own is its affair."""
    if answer.whole != other.whole:
        yield "cut" if other.whole else "not cut"
    if not by_application:
        return
    if answer.framing != other.framing:
        yield f"framed by {answer.framing} instead of {other.framing}"
    if answer.fields != other.fields:
        yield f"fields {answer.fields} instead of {other.fields}"
    if answer.whole and answer.told != other.told:
        yield f"body {answer.body[:300]!r} instead of {other.body[:300]!r}"


def _unkept(exchange: Exchange, answer: HttpReply, stored: set[bytes], only_here: set[bytes]) -> Iterator[str]:
    """Promises of one answer; ids that other requests have as well may have been stored for those."""
    if answer.status == 202:
        told = str(answer.document.get("transaction_id")).encode()
        if answer.whole and told not in stored:
            yield f"202 for {told!r}, and it is not stored"
    elif answer.status == 200 and UPLOAD in exchange.target:
        totals = answer.document
        if answer.whole and totals.get("accepted") != len(stored):
            yield f"{len(stored)} stored, and the totals say {totals.get('accepted')}"
    elif only_here and answer.code != "outcome_unknown":
        yield f"{answer.status} {answer.code}, and {_listed(only_here)} was stored"


def _listed(ids: Sequence[bytes] | set[bytes]) -> str:
    return ", ".join(sorted(each.decode() for each in ids)) or "nothing"
