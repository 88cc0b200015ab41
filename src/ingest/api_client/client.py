"""The service as its clients see it: a thin, typed cover over its HTTP calls.

One call is one request: what to do about a failure is the caller's to decide, by the kind of error (`answers`).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final, Self
from urllib.parse import quote

import httpx

from ingest.api_client.replies import (
    UNREACHED,
    BulkAnswer,
    ListPage,
    Problem,
    ProtocolError,
    RefusedError,
    UnavailableError,
    UnreachedError,
    bulk_answer,
    json_of,
    object_of,
    shortened,
)
from txn_core.loopback import is_loopback
from txn_core.printable import shown_url
from txn_core.transactions.identity import CardId
from txn_core.transactions.instants import Instant

CONNECTIONS_MAX: Final = 32
ANSWER_BYTES_MAX: Final = 64 << 20
PIECE_BYTES: Final = 256 << 10
REACH_S_MAX: Final = 4.0
REACH_PAUSE_S: Final = 0.2
PORT_MAX: Final = 65_535
NDJSON: Final = "application/x-ndjson"

# Reading is bounded by the server's own deadlines (ten seconds a line, lines side by side) with room to spare.
_TIMEOUT: Final = httpx.Timeout(connect=5.0, read=60.0, write=60.0, pool=60.0)
_REMEDIES: Final = {
    401: "present another key (--api-key-file, TXN_API_KEY); `txn keys create` makes one",
    403: "present a key with the scope for this; `txn keys create --scope` makes one",
    **dict.fromkeys((404, 405, 411, 415), "is that the address of this API? Check --url"),
}
# Statuses that judge the caller and not the transaction that was sent.
_STATUSES_OF_CALLER: Final = frozenset({401, 403, 404, 405, 411, 415})


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

        Raises:
            RefusedError: that is no URL.
        """
        address = _address(url)
        # At a plain address nobody is verified: reading whom we trust, 13 ms of CPU time, would be in vain.
        is_tls = address.scheme == "https"
        verify = httpx.create_ssl_context() if is_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # What goes to this machine itself goes through no proxy, whatever the environment says.
        trust_env = not is_loopback(address.host)
        async with AsyncExitStack() as stack:
            lanes = [
                httpx.AsyncClient(
                    base_url=address,
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

    async def reach(self) -> None:
        """Have the service answer at all, whatever it says, before anything is sent.

        Later on a service that is away is waited for. One that never answered has a wrong address more likely.

        Raises:
            UnreachedError: it does not answer within `REACH_S_MAX`.
            RefusedError: the address is none.
        """
        reason = "no answer in time"
        with suppress(TimeoutError):
            async with asyncio.timeout(REACH_S_MAX):
                while True:
                    try:
                        async with self._answer("GET", "/healthz"):
                            return
                    except UnavailableError as error:
                        reason = str(error)
                    await asyncio.sleep(REACH_PAUSE_S)
        raise UnreachedError(f"{reason}: {UNREACHED}")

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
        if problem.status in _STATUSES_OF_CALLER:
            raise _refused(problem)
        return problem

    async def post_bulk(self, bodies: Sequence[bytes], path: str = "/transactions/bulk") -> BulkAnswer:
        """Send transactions, or what else an upload takes, in their order, one a line.

        Raises:
            UnavailableError: there was no answer, or it was cut off: any of the lines may have been accepted.
            RefusedError: the upload as a whole was refused.
            ProtocolError: the answer's totals do not fit its lines.
        """
        headers = {"Content-Type": NDJSON}
        async with self._answer("POST", path, content=_pieces(bodies), headers=headers) as response:
            if response.status_code == 200:
                return bulk_answer([json_of(line) async for line in _lines(response)], sent=len(bodies))
            raise _refused(await _problem(response))

    async def get(self, transaction_id: str) -> Mapping[str, object] | None:
        """The stored transaction; none when there is none (yet).

        Raises:
            UnavailableError: there was no answer.
            RefusedError: the key may not read.
        """
        found = await self._read(f"/transactions/{quote(transaction_id, safe='')}")
        if not isinstance(found, Problem):
            return found
        if found.code == "transaction_not_found":
            return None
        raise _refused(found)

    async def require_customers(self) -> None:
        """Have the service say whether it shows this key whole customers; a comparison with a file needs them.

        Raises:
            UnavailableError: there was no answer.
            RefusedError: the key lacks the scope `customer:read`, or may not read at all.
        """
        found = await self._read("/transactions/none", {"fields": "customer.last_name"})
        if not isinstance(found, Problem):
            return
        if any(fault.code == "customer_scope_required" for fault in found.faults):
            raise RefusedError(
                "the key lacks the scope customer:read, so the service leaves out names, birth dates and streets: "
                "present a key with it; `txn keys create --scope transactions:read --scope customer:read` makes one"
            )
        if found.status in {401, 403}:
            raise _refused(found)

    async def list_card(
        self, card_id: CardId, start: Instant, end: Instant, limit: int, cursor: str | None
    ) -> ListPage:
        """A page of a card's transactions from `start` to before `end`, oldest first, at most `limit` (1,000).

        Raises:
            UnavailableError: there was no answer.
            RefusedError: the key may not read, or the cursor is not of this list.
            ProtocolError: the answer is no page.
        """
        query: dict[str, str | int] = {"card_id": card_id, "from": start, "to": end, "order": "asc", "limit": limit}
        found = await self._read("/transactions", query | ({} if cursor is None else {"cursor": cursor}))
        if isinstance(found, Problem):
            raise _refused(found)
        return ListPage.of(found)

    async def _read(self, path: str, query: Mapping[str, str | int] | None = None) -> Mapping[str, object] | Problem:
        async with self._answer("GET", path, query=query) as response:
            if response.status_code == 200:
                return object_of(await response.aread())
            return await _problem(response)

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        lane = await self._free.get()
        try:
            async with lane.stream(method, path, params=query, content=content, headers=headers) as response:
                yield response
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise RefusedError(f"{shown_url(lane.base_url)} is no address of a service") from error
        except httpx.TransportError as error:
            raise UnavailableError(f"no answer from {shown_url(lane.base_url)} ({type(error).__name__})") from error
        finally:
            self._free.put_nowait(lane)


def _address(url: str) -> httpx.URL:
    """The URL, which is not quoted when it is none: a password may stand in it."""
    with suppress(httpx.InvalidURL):
        address = httpx.URL(url)
        if (address.port or 0) <= PORT_MAX:
            return address
    raise RefusedError("that is no address of a service")


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


async def _problem(response: httpx.Response) -> Problem:
    """The problem of an answer that is not a success; one made of its status alone when it says no more.

    Raises:
        UnavailableError: the same request may yet succeed.
    """
    body = await response.aread()
    try:
        problem = Problem.of(json_of(body))
    except ProtocolError:
        problem = Problem(response.status_code, f"http_{response.status_code}", shortened(response.reason_phrase))
    if problem.may_pass_later:
        asked = response.headers.get("Retry-After", "")
        raise UnavailableError(
            f"the service answered {problem.status} {problem.code}", float(asked) if asked.isdecimal() else None
        )
    return problem


def _refused(problem: Problem) -> RefusedError:
    told = f"the service refused the request: {problem.status} {problem.code} ({problem.title})"
    remedy = _REMEDIES.get(problem.status)
    return RefusedError(f"{told}: {remedy}" if remedy else told)
