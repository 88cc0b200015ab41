"""Faults that were found at the door, each as a sequence; the judge sees them in a connection that has them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tests.builders import body, json_bytes
from tests.http.application import WRITER
from tests.http.judging.report import told
from tests.http.playing import served
from tests.http.requests.delivery import Delivery, End
from tests.http.requests.drafts import Message
from tests.http.run import Judge, Judgement
from tests.http.sequences import Sequence
from tests.support.virtual_time import run_in_virtual_time

_H2C: Final = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
_WEBSOCKET: Final = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
_GET: Final = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
_AUTHORIZATION: Final = WRITER + b"\r\n"
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"


def transaction(name: str) -> bytes:
    return json_bytes(body(transaction_id=f"known-{name}"))


def post(
    content: bytes,
    more: bytes = b"",
    *,
    authorization: bytes = _AUTHORIZATION,
    host: bytes = b"Host: x\r\n",
    version: bytes = b"1.1",
    target: bytes = b"/transactions",
) -> bytes:
    head = b"POST %b HTTP/%b\r\n%b%bContent-Type: application/json\r\n%b" % (
        target,
        version,
        host,
        authorization,
        more,
    )
    length = b"" if _CHUNKED in more else b"Content-Length: %d\r\n" % len(content)
    return head + length + b"\r\n" + content


def chunked(content: bytes, trailers: bytes = b"") -> bytes:
    return b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(content), content, trailers)


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent, what is answered, and whether uvicorn's connection on httptools gets it wrong."""

    pieces: tuple[bytes, ...]
    statuses: tuple[int, ...]
    stored: tuple[str, ...] = ()
    httptools_is_right: bool = False
    end: End = End.STAYS

    @property
    def sequence(self) -> Sequence:
        """As a sequence whose pieces arrive one by one."""
        cuts = tuple(sum(map(len, self.pieces[:count])) for count in range(1, len(self.pieces)))
        messages = tuple(Message(piece, (), b"", frozenset()) for piece in self.pieces)
        return Sequence(0, 0, messages, Delivery(cuts, end=self.end))


_upgraded = post(transaction("upgrade"), _H2C)
_smuggled = post(post(transaction("smuggled")), _H2C)
_head_and_body = _smuggled.index(b"\r\n\r\n") + 4

CASES: Final[dict[str, Case]] = {
    "F1 an offer with a body": Case((_upgraded,), (202,), ("upgrade",)),
    "F1 an offer whose body is a request": Case((_smuggled[:_head_and_body], _smuggled[_head_and_body:]), (400,)),
    "F1 an offer of a web socket": Case((post(transaction("websocket"), _WEBSOCKET),), (202,), ("websocket",)),
    "F1 a request behind an offer": Case((_GET[:-2] + _H2C + b"\r\n" + _GET,), (200, 200)),
    "F1 an offer in chunks": Case((post(chunked(transaction("chunks")), _H2C + _CHUNKED),), (202,), ("chunks",)),
    "F2 a malformed request behind a post": Case(
        (post(transaction("first")) + b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",), (202, 400), ("first",)
    ),
    "F2 garbage behind an upload": Case(
        (post(transaction("line"), target=b"/transactions/bulk").replace(b"/json", b"/x-ndjson") + b"\x16\x03\x01",),
        (200, 400),
        ("line",),
    ),
    "F2 a large head behind a post": Case(
        (post(transaction("large")) + b"GET / HTTP/1.1\r\nX: " + b"v" * 70_000,), (202, 431), ("large",)
    ),
    "F3 a key in the trailer": Case(
        (post(chunked(transaction("trailer"), _AUTHORIZATION), _CHUNKED, authorization=b""),), (401,)
    ),
    "F3 a type in the trailer": Case(
        (
            post(chunked(transaction("type"), b"Content-Type: application/json\r\n"), _CHUNKED).replace(
                b"Content-Type: application/json", b"Content-Type: text/plain", 1
            ),
        ),
        (415,),
    ),
    "F3 a key for once in the trailer": Case(
        (2 * post(chunked(transaction("once"), b'Idempotency-Key: "a"\r\n'), _CHUNKED),),
        (202, 202),
        ("once", "once"),
        httptools_is_right=True,
    ),
    "F4 many small heads in a packet": Case((_GET * 1_500 + b"GET /heal",), (200,) * 1_500, httptools_is_right=True),
    "F7 HTTP/1.0 reads an answer without a length": Case(
        (post(transaction("old"), version=b"1.0", target=b"/transactions/bulk").replace(b"/json", b"/x-ndjson"),),
        (200,),
        ("old",),
    ),
    "F7 HTTP/1.0 expects to go on": Case(
        (post(transaction("expects"), b"Expect: 100-continue\r\n", version=b"1.0"),), (202,), ("expects",)
    ),
    "F8 the sending half closes": Case((post(transaction("half")),), (202,), ("half",), end=End.HALF_CLOSES_AT_ONCE),
    "F8 the sending half closes within a body": Case(
        (post(transaction("cut"))[:-5],), (408,), end=End.HALF_CLOSES_AT_ONCE
    ),
    "F9 no host": Case((post(transaction("none"), host=b""),), (400,)),
    "F9 two hosts": Case((post(transaction("two"), host=b"Host: x\r\nHost: x\r\n"),), (400,)),
    "F9 an invalid host": Case((post(transaction("invalid"), host=b"Host: a/b\r\n"),), (400,)),
    "F9 a target without a path": Case((b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n",), (200,)),
    "F9 a coding besides chunks": Case(
        (post(chunked(transaction("gzip")), b"Transfer-Encoding: gzip, chunked\r\n" + _CHUNKED[:0]),), (501,)
    ),
    "trailers that begin oddly and are not over": Case(
        (b"GET /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\r\n",),
        (404,),
        httptools_is_right=True,
    ),
    "an unknown method": Case((b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",), (405,)),
    "HTTP/2.0": Case((b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n",), (505,)),
    "the preface of HTTP/2": Case((b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",), (505,)),
}


def find_faults(case: Case, make: Callable[[], Judge]) -> Judgement:
    async def play() -> Judgement:
        return await make().find_faults(case.sequence)

    return run_in_virtual_time(play())


@pytest.mark.parametrize("name", CASES)
def test_what_the_field_found_is_right(name: str) -> None:
    """As h11 has it, as the rules have it, and as stated here."""
    case = CASES[name]
    judgement = find_faults(case, Judge)
    assert judgement.is_right, told(judgement)
    assert judgement.found.statuses == list(case.statuses)
    assert [each.decode() for each in judgement.found.stored] == [f"known-{each}" for each in case.stored]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.httptools_is_right])
def test_the_judge_sees_the_same_faults_in_another_connection(name: str) -> None:
    """Uvicorn's on httptools, from which ours was made, has them."""
    assert not find_faults(CASES[name], lambda: Judge(served(HttpToolsProtocol))).is_right
