"""What a client saw on a connection, taken apart by h11 in the client's place."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import h11

from tests.http.application import Recorded

Framing = Literal["length", "chunked", "close", "none"]
_VARIES: Final = re.compile(
    rb'"(?:request_id|accepted_at|receipt_id|sequence_number)":"[^"]*"|req_[0-9a-f]+|/problems/[a-z_0-9]+'
)
_OWN_FIELDS: Final = frozenset(
    {b"content-length", b"transfer-encoding", b"connection", b"date", b"x-request-id", b"traceresponse"}
)
_INTERIM: Final = re.compile(rb"(?:HTTP/1\.1 100 [^\r\n]*\r\n\r\n)*")
"""Nothing, or what a client was told that went before it had an answer."""
_WITHOUT_BODY: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One answer. `whole` says that its body came to the end that its framing tells."""

    status: int
    framing: Framing
    whole: bool
    says_close: bool
    body: bytes
    fields: tuple[tuple[bytes, bytes], ...] = ()
    """The header fields that neither frame the answer nor differ from run to run."""
    interim: int = 0
    """How many `100 Continue` came before it."""

    @property
    def document(self) -> dict[str, object]:
        """The JSON document of the body; of several lines the last one; empty when there is none."""
        try:
            found = json.loads(self.body.splitlines()[-1])
        except (ValueError, IndexError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(self.document.get("code", ""))

    @property
    def told(self) -> list[bytes]:
        """The lines of the body without what is another one in each run, in any order; none of the metrics."""
        return [] if b"# HELP" in self.body else sorted(_VARIES.sub(b"", self.body).splitlines())


@dataclass(frozen=True, slots=True)
class Transcript:
    """All answers on a connection, in order, and how it ended."""

    answers: tuple[HttpReply, ...]
    junk: str
    """What is no answer, or why the bytes cannot be read; empty when all is well."""
    closed: bool
    stored: tuple[bytes, ...]
    """The ids of the transactions on the stream, in order."""
    heads: tuple[Recorded, ...] = ()
    """What the application was told of each request that it answered."""

    @property
    def statuses(self) -> list[int]:
        """Of the answers, in order."""
        return [answer.status for answer in self.answers]


def read(
    written: bytes,
    methods: Sequence[bytes],
    *,
    closed: bool,
    stored: Iterable[bytes],
    heads: Iterable[Recorded] = (),
) -> Transcript:
    """Take apart what a server wrote; `methods` are those of the requests that it should have answered."""
    answers: list[HttpReply] = []
    junk = ""
    while not (junk or _INTERIM.fullmatch(written)):
        method = methods[len(answers)] if len(answers) < len(methods) else b"GET"
        try:
            answer, written = _answer(written, method, closed=closed)
        except h11.RemoteProtocolError as error:
            junk = f"{error}: {written[:80]!r}"
        else:
            answers.append(answer)
            if written and answer.says_close:
                junk = f"bytes behind the last answer: {written[:80]!r}"
    return Transcript(tuple(answers), junk, closed, tuple(stored), tuple(heads))


def _answer(written: bytes, method: bytes, *, closed: bool) -> tuple[HttpReply, bytes]:
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 16)
    client.send(h11.Request(method=method, target=b"/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(written)
    if closed:
        client.receive_data(b"")
    interim = 0
    while isinstance(event := client.next_event(), h11.InformationalResponse):
        interim += 1
    if not isinstance(event, h11.Response):
        raise h11.RemoteProtocolError("no whole head of an answer")
    body, whole = _body(client)
    answer = HttpReply(
        status=event.status_code,
        framing=_framing(event, method),
        whole=whole,
        says_close=any(name == b"connection" and b"close" in value.lower() for name, value in event.headers),
        body=body,
        fields=tuple(sorted((name, value) for name, value in event.headers if name not in _OWN_FIELDS)),
        interim=interim,
    )
    return answer, client.trailing_data[0]


def _body(client: h11.Connection) -> tuple[bytes, bool]:
    body = bytearray()
    try:
        while isinstance(event := client.next_event(), h11.Data):
            body += event.data
    except h11.RemoteProtocolError:
        return bytes(body), False
    return bytes(body), isinstance(event, h11.EndOfMessage)


def _framing(response: h11.Response, method: bytes) -> Framing:
    names = {name for name, _ in response.headers}
    if method == b"HEAD" or response.status_code in _WITHOUT_BODY:
        return "none"
    if b"transfer-encoding" in names:
        return "chunked"
    return "length" if b"content-length" in names else "close"
