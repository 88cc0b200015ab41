"""The wire under direct calls: HTTP/1.1 connections to one host, each with one request at a time.

The client that aiobotocore makes can far more than that, and its way from a request to the socket takes longer than
all that the producer does for a small call. Errors are botocore's, so that whoever judges them need not know the
wire. Where a proxy is to be used, that is the client's business: `ClientsWire` (ADR 21).
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

from aiobotocore.client import AioBaseClient
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from httptools import HttpParserError, HttpResponseParser

IDLE_S_MAX: Final = 10.0
"""Shorter than servers keep idle connections, so that no request goes out on one that is just being closed."""
ANSWER_BYTES_MAX: Final = 64 << 20

HttpResponse = tuple[int, bytes]


class NotConnectedError(OSError):
    """There is no connection: nothing was sent."""


class Wire(Protocol):
    """A way to one host."""

    async def post(self, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """The status and the content of the answer to a POST to the root path.

        Raises:
            ConnectTimeoutError, EndpointConnectionError: no connection, or one that broke; see `error` of the latter.
            ConnectionClosedError, ReadTimeoutError: no answer, although the request may have arrived.
        """


class ClientsWire:
    """The wire of an open client, with its pool, its proxies and its errors."""

    def __init__(self, session: AIOHTTPSession, url: str) -> None:
        self._session, self._url = session, url

    async def post(self, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """See `Wire`."""
        request = AWSPreparedRequest("POST", self._url, cast("Any", dict(headers)), body, stream_output=False)
        response = await self._session.send(request)
        return response.status_code, await response.content


def clients_wire(client: AioBaseClient, url: str) -> ClientsWire:
    """The wire of an open client, to where it sends its calls."""
    session: AIOHTTPSession = cast("Any", client)._endpoint.http_session  # noqa: SLF001 - ADR 9
    return ClientsWire(session, f"{url.rstrip('/')}/")


async def calls_url(client: AioBaseClient, operation: str) -> str:
    """Where a client sends the calls of an operation: by the rules of its service, as for each call.

    `client.meta.endpoint_url` is of an older table, which names hosts that are not there (FIPS in us-gov-west-1), and
    knows no dual stack in some regions.
    """
    ours: Any = client
    model = client.meta.service_model.operation_model(operation)
    context = {"client_region": client.meta.region_name, "client_config": client.meta.config}
    url, *_ = await ours._resolve_endpoint_ruleset(model, {}, context)  # noqa: SLF001 - ADR 9
    return cast("str", url)


class HttpPool:
    """Connections of our own, used by one event loop; `close` ends those that are idle."""

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        connections_max: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` is for URLs of https; the read timeout bounds the wait for a whole answer."""
        target = urlsplit(url)
        self._url, self._tls = url, tls if target.scheme == "https" else None
        self._address = (target.hostname or "", target.port or (443 if target.scheme == "https" else 80))
        self._connect_timeout_s, self._read_timeout_s = connect_timeout_s, read_timeout_s
        self._places = asyncio.Semaphore(connections_max)
        self._idle: list[_Connection] = []
        self._begin = f"POST / HTTP/1.1\r\nhost: {target.netloc}\r\nuser-agent: txn-api\r\n"

    async def post(self, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """See `Wire`."""
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"{self._begin}{fields}content-length: {len(body)}\r\n\r\n".encode("latin-1")
        async with self._places:
            connection = self._kept() or await self._connected()
            try:
                answer = await connection.exchange(head, body, self._read_timeout_s)
            except BaseException:
                connection.drop()  # what it may still say belongs to nobody
                raise
            if connection.open:
                connection.idle_since = asyncio.get_running_loop().time()
                self._idle.append(connection)
            return answer

    async def close(self) -> None:
        """End the connections that nobody uses."""
        while self._idle:
            self._idle.pop().drop()

    def _kept(self) -> "_Connection | None":
        """The connection that was used last, if the server still keeps it."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.open and now - connection.idle_since < IDLE_S_MAX:
                return connection
            connection.drop()
        return None

    async def _connected(self) -> "_Connection":
        loop, (host, port) = asyncio.get_running_loop(), self._address
        name = host if self._tls else None
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._url), host, port, ssl=self._tls, server_hostname=name
                )
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from None
        except OSError as error:
            told = NotConnectedError(str(error))
            raise EndpointConnectionError(endpoint_url=self._url, error=told) from None
        return connection


class _Connection(asyncio.Protocol):
    """One connection, and the answer that it waits for."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[HttpResponse] | None = None
        self._content: list[bytes] = []
        self._size = 0
        self.idle_since = 0.0

    @property
    def open(self) -> bool:
        """Whether another request may go out on it."""
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, head: bytes, body: bytes, timeout_s: float) -> HttpResponse:
        """Send a request, and wait for the answer."""
        transport, loop = self._transport, asyncio.get_running_loop()
        if transport is None:  # lost between two turns of the loop
            raise EndpointConnectionError(endpoint_url=self._url, error=NotConnectedError("closed"))
        self._content, self._size, self._answer = [], 0, loop.create_future()
        transport.writelines((head, body))
        timer = loop.call_later(timeout_s, self._give_up)
        try:
            return await self._answer
        finally:
            timer.cancel()
            self._answer = None

    def drop(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def _give_up(self) -> None:
        self._fail(ReadTimeoutError(endpoint_url=self._url, error=TimeoutError()))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready for a request."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits has no answer."""
        self._transport = None
        self._fail(ConnectionClosedError(endpoint_url=self._url, error=exc))

    def data_received(self, data: bytes) -> None:
        """A piece of the answer; what nobody has asked for ends the connection."""
        if self._answer is None:
            self.drop()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(ConnectionClosedError(endpoint_url=self._url, error=error))
            self.drop()

    # httptools

    def on_body(self, body: bytes) -> None:
        """A piece of the content."""
        self._content.append(body)
        self._size += len(body)
        if self._size > ANSWER_BYTES_MAX:
            raise HttpParserError("an answer without end")

    def on_message_complete(self) -> None:
        """The answer is whole, unless it is a preliminary one (RFC 9110, 15.2)."""
        status = self._parser.get_status_code()
        if status < 200:
            return
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((status, b"".join(self._content)))
        if not self._parser.should_keep_alive():
            self.drop()
