"""The service as its clients see it: a thin, typed cover over its HTTP calls.

One call is one request: what to do about a failure is the caller's to decide, by the kind of error.

    TxnError
    ├── UnavailableError    no answer, 429 or 5xx: the same call again is safe and may succeed
    ├── RefusedError        the request as a whole is not allowed: the same call again is refused again
    └── ProtocolError       an answer that this client does not understand
"""

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote

import httpx

from txn_core.errors import TxnError

CONNECTIONS_MAX: Final = 32
ANSWER_BYTES_MAX: Final = 64 << 20
PIECE_BYTES: Final = 256 << 10
NDJSON: Final = "application/x-ndjson"

# Reading is bounded by the server's own deadlines (ten seconds a line, lines side by side) with room to spare.
_TIMEOUT: Final = httpx.Timeout(connect=5.0, read=60.0, write=60.0, pool=60.0)
_STATUSES_TO_RETRY: Final = frozenset({408, 425, 429})
# Statuses that judge the caller and not the transaction that was sent.
_STATUSES_OF_CALLER: Final = frozenset({401, 403, 404, 405, 411, 415})


class UnavailableError(TxnError):
    """The service could not answer now, or its answer was lost: the same call again is safe."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class RefusedError(TxnError):
    """The service refused the request as a whole, and would again."""


class ProtocolError(TxnError):
    """The service, or something in its place, answered in a way that this client does not understand."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One broken rule: a JSON pointer into the body, a code and its fixed text."""

    pointer: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a transaction was not accepted (RFC 9457)."""

    status: int
    code: str
    title: str
    faults: tuple[FieldFault, ...] = ()

    @property
    def may_pass_later(self) -> bool:
        """Whether the same transaction, sent again, may yet be accepted."""
        return self.status >= 500 or self.status in _STATUSES_TO_RETRY

    @classmethod
    def of(cls, document: object) -> Self:
        """Read a problem document.

        Raises:
            ProtocolError: it is none.
        """
        match document:
            case {"status": int(status), "code": str(code), **rest}:
                return cls(status, code, _text(rest.get("title")), tuple(_faults(rest.get("errors"))))
            case _:
                raise ProtocolError("the service named a problem in a form that this client does not know")


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """What became of a bulk upload: the lines not accepted, and how many lines the server read.

    `problems` maps 1-based line numbers of the upload. Lines after `read` were not looked at.
    """

    receipt_id: str
    read: int
    problems: Mapping[int, Problem]


class ApiClient:
    """Calls of one service with one key, as many at once as there are lanes."""

    def __init__(self, lanes: Iterable[httpx.AsyncClient]) -> None:
        # Last in, first out: connections in use stay warm, those that are not needed stay closed.
        self._free: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for lane in lanes:
            self._free.put_nowait(lane)

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, api_key: str) -> AsyncIterator[Self]:
        """A client of the service at a base URL, such as `http://127.0.0.1:8080`.

        Each lane is one kept-alive connection in a pool of its own, since a pool looks at all its connections for
        each request: 32 connections in one pool made 260 requests/s, in 32 pools 930 (httpcore 1.0.9).
        """
        verify = httpx.create_ssl_context()
        # What goes to this machine itself goes through no proxy, whatever the environment says.
        trust_env = not _is_loopback(httpx.URL(url).host)
        async with AsyncExitStack() as stack:
            lanes = [
                httpx.AsyncClient(
                    base_url=url,
                    headers={"Authorization": f"Bearer {api_key}"},
                    timeout=_TIMEOUT,
                    limits=httpx.Limits(max_connections=1),
                    verify=verify,
                    trust_env=trust_env,
                )
                for _ in range(CONNECTIONS_MAX)
            ]
            for lane in lanes:
                await stack.enter_async_context(lane)
            yield cls(lanes)

    async def post(self, body: bytes) -> Problem | None:
        """Send one transaction; none when it was accepted.

        Raises:
            UnavailableError: there was no answer, or none that settles it.
            RefusedError: the key or the address is at fault.
        """
        headers = {"Content-Type": "application/json"}
        async with self._answer("POST", "/transactions", content=body, headers=headers) as response:
            if response.status_code == 202:
                await response.aread()
                return None
            problem = await _problem(response)
        if problem.may_pass_later:
            raise _unavailable(response, problem)
        if problem.status in _STATUSES_OF_CALLER:
            raise _refused(problem)
        return problem

    async def post_bulk(self, bodies: Sequence[bytes]) -> BulkAnswer:
        """Send transactions in their order, one a line.

        Raises:
            UnavailableError: there was no answer, or it was cut off: any of the lines may have been accepted.
            RefusedError: the upload as a whole was refused.
            ProtocolError: the answer's totals do not fit its lines.
        """
        headers = {"Content-Type": NDJSON}
        async with self._answer("POST", "/transactions/bulk", content=_pieces(bodies), headers=headers) as response:
            if response.status_code == 200:
                return _bulk_answer([_json(line) async for line in _lines(response)], sent=len(bodies))
            problem = await _problem(response)
        raise _unavailable(response, problem) if problem.may_pass_later else _refused(problem)

    async def get(self, transaction_id: str) -> Mapping[str, object] | None:
        """The stored transaction; none when there is none (yet).

        Raises:
            UnavailableError: there was no answer.
            RefusedError: the key may not read.
        """
        async with self._answer("GET", f"/transactions/{quote(transaction_id, safe='')}") as response:
            if response.status_code == 200:
                return _object(await response.aread())
            problem = await _problem(response)
        if problem.may_pass_later:
            raise _unavailable(response, problem)
        if problem.code == "transaction_not_found":
            return None
        raise _refused(problem)

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        *,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        lane = await self._free.get()
        try:
            async with lane.stream(method, path, content=content, headers=headers) as response:
                yield response
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise RefusedError(f"{lane.base_url} is no address of a service") from error
        except httpx.TransportError as error:
            raise UnavailableError(f"no answer from {lane.base_url} ({type(error).__name__})") from error
        finally:
            self._free.put_nowait(lane)


async def _pieces(bodies: Sequence[bytes]) -> AsyncIterator[bytes]:
    """The lines in pieces that are worth a system call, never the whole upload at once."""
    piece = bytearray()
    for body in bodies:
        piece += body
        piece += b"\n"
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """The answer's lines; httpx's own `aiter_lines` would also split at U+2028, which JSON may hold."""
    size, rest = 0, b""
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > ANSWER_BYTES_MAX:
            raise ProtocolError("the service's answer is too long")
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
    if rest.strip():
        yield rest


def _bulk_answer(documents: Sequence[object], *, sent: int) -> BulkAnswer:
    """Put the lines of an answer together, and hold its totals against them."""
    match documents[-1] if documents else None:
        case {"receipt_id": str(receipt_id), "read": int(read), "accepted": int(accepted)}:
            problems = dict(map(_numbered_problem, documents[:-1]))
            if accepted + len(problems) != read or read > sent or any(not 1 <= n <= read for n in problems):
                raise ProtocolError("the totals of the service's answer do not add up")
            return BulkAnswer(receipt_id, read, problems)
        case _:
            raise UnavailableError("the service's answer was cut off")


def _numbered_problem(document: object) -> tuple[int, Problem]:
    match document:
        case {"line": int(line), "problem": problem}:
            return line, Problem.of(problem)
        case _:
            raise ProtocolError("the service's answer holds a line that this client does not know")


async def _problem(response: httpx.Response) -> Problem:
    """The problem of an answer that is not a success; one made of its status alone when it says no more."""
    body = await response.aread()
    try:
        return Problem.of(_json(body))
    except ProtocolError:
        return Problem(response.status_code, f"http_{response.status_code}", response.reason_phrase)


def _unavailable(response: httpx.Response, problem: Problem) -> UnavailableError:
    asked = response.headers.get("Retry-After", "")
    return UnavailableError(
        f"the service answered {problem.status} {problem.code}", float(asked) if asked.isdecimal() else None
    )


def _refused(problem: Problem) -> RefusedError:
    return RefusedError(f"the service refused the request: {problem.status} {problem.code} ({problem.title})")


def _faults(errors: object) -> list[FieldFault]:
    if not isinstance(errors, list):
        return []
    return [
        FieldFault(_text(error.get("pointer")), _text(error.get("code")), _text(error.get("message")))
        for error in errors
        if isinstance(error, dict)
    ]


def _json(data: bytes) -> object:
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError):
        raise ProtocolError("the service's answer is not JSON") from None
    return document


def _object(body: bytes) -> Mapping[str, object]:
    document = _json(body)
    if not isinstance(document, dict):
        raise ProtocolError("the service's answer is not a JSON object")
    return document


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
