"""What is right about an answer, and what is not."""

import json
import re
from collections.abc import Iterator
from typing import Final

from tests.canary.exchanges import status_of
from tests.fuzz.requests import Sent
from tests.support.card_search import CardSearch
from txn_api.problems import PROBLEMS

UNAVAILABLE: Final = frozenset(problem.code for problem in PROBLEMS if problem.status == 503)
CODES: Final = frozenset(problem.code for problem in PROBLEMS) | {"malformed_http", "head_too_large"}
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] [2-5][0-9]{2} ")


def faults(sent: Sent, answer: bytes, search: CardSearch) -> Iterator[str]:
    """All that is wrong with an answer."""
    if not answer:
        if sent.whole:
            yield "no answer to a whole request"
        return
    if _STATUS_LINE.match(answer) is None:
        yield "not an HTTP answer"
        return
    status, head, body = status_of(answer), *_parts(answer)
    is_bare = sent.data.startswith(b"HEAD ") and not body  # RFC 9110, 9.3.2: what the problem is, a GET would say
    if status >= 500 and not (status == 503 and (is_bare or _code(body) in UNAVAILABLE)):
        yield f"status {status}"
    if status >= 400 and b"application/problem+json" in head and body and _code(body) not in CODES:
        yield f"a problem of status {status} that is not documented"
    before = len(search.found)
    search.look("answer", str(sent.number), answer)
    if len(search.found) > before:
        yield "a card number in the answer"


def _parts(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.lower(), body


def _code(body: bytes) -> str | None:
    """The code of a problem; the first of several when requests were sent at once."""
    try:
        document, _ = json.JSONDecoder().raw_decode(body.decode())
    except ValueError:
        return None
    return document.get("code") if isinstance(document, dict) else None
