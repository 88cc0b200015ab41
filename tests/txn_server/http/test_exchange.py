"""One request's answer on the wire: framed by what is known of its length, and never split by a header's value."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs
from uvicorn.protocols.http.flow_control import FlowControl

from txn_api.edge.buffered_request import Header, messages
from txn_server.http.exchange import Exchange

Answering = Callable[[Exchange], Awaitable[None]]


class Wire(asyncio.Transport):
    """What was written, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def resume_reading(self) -> None:
        """Nothing comes."""


async def exchanged(
    answering: Answering, *, method: str = "POST", keep_alive: bool = True, default: tuple[Header, ...] = ()
) -> Wire:
    """The wire of a request that is answered so."""
    wire = Wire()
    exchange = Exchange(
        {"method": method, "http_version": "1.1"},
        wire,
        FlowControl(wire),
        default,
        set(),
        keep_alive=keep_alive,
        expects_continue=False,
        asked=lambda: None,
        answered=lambda: None if exchange.keep_alive else wire.close(),
    )

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(exchange)

    await exchange.run_asgi(cast("Any", application))
    return wire


def answer_at_once(exchange: Exchange, status: int, headers: list[Header], body: bytes) -> None:
    """Answer as the edge does for a buffered request."""
    rendered = exchange.rendered(status, headers, body)
    assert rendered is not None
    exchange.write(rendered)


def whole(headers: list[Header], body: bytes = b"{}") -> Answering:
    """An application that answers at once."""

    async def answering(exchange: Exchange) -> None:
        answer_at_once(exchange, 202, headers, body)

    return answering


def in_messages(headers: list[Header], body: bytes = b"{}") -> Answering:
    """One that sends the same in ASGI's way."""

    async def answering(exchange: Exchange) -> None:
        for message in messages(202, headers, body):
            await exchange.send(message)

    return answering


async def test_a_whole_answer_leaves_in_one_write_with_its_length() -> None:
    wire = await exchanged(whole([(b"location", b"/t/1")]), default=((b"date", b"today"),))
    assert wire.writes == [b"HTTP/1.1 202 Accepted\r\ndate: today\r\nlocation: /t/1\r\ncontent-length: 2\r\n\r\n{}"]
    assert not wire.closed


async def test_another_server_gets_the_same_in_two_messages() -> None:
    """Such as the test clients', or uvicorn's own protocol."""
    wire = await exchanged(in_messages([(b"location", b"/t/1")]))
    assert wire.writes == [b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\nlocation: /t/1\r\n\r\n{}"]


async def test_the_last_answer_of_a_connection_says_so_and_ends_it() -> None:
    wire = await exchanged(whole([]), keep_alive=False)
    assert wire.writes[0].partition(b"\r\n\r\n")[0].endswith(b"connection: close")
    assert wire.closed


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb"])
@pytest.mark.parametrize("way", [whole, in_messages])
async def test_a_line_break_in_a_header_splits_no_answer(
    value: bytes, way: Callable[[list[Header]], Answering]
) -> None:
    """Nothing of such an answer is sent; the client gets one that quotes nothing."""
    wire = await exchanged(way([(b"location", value)]))
    assert wire.writes == [b"HTTP/1.1 500 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n"]
    assert wire.closed


async def test_a_second_answer_is_refused() -> None:
    """What was sent stands."""

    async def answering(exchange: Exchange) -> None:
        answer_at_once(exchange, 202, [], b"{}")
        answer_at_once(exchange, 500, [], b"[]")

    wire = await exchanged(answering)
    assert b"".join(wire.writes).endswith(b"\r\n\r\n{}")


async def test_a_failed_application_is_logged_by_the_kind_of_its_error_alone() -> None:
    async def answering(_: Exchange) -> None:
        raise ValueError("a part of a request")

    with capture_logs() as logs:
        await exchanged(answering)
    assert logs == [{"event": "application_failed", "error": "ValueError", "log_level": "error"}]


async def test_an_answer_of_unknown_length_is_chunked() -> None:
    async def answering(exchange: Exchange) -> None:
        for message in _pieces([], b"abc", b"", b"de"):
            await exchange.send(message)

    wire = await exchanged(answering)
    assert (
        b"".join(wire.writes)
        == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )


async def test_an_answer_to_head_has_no_body() -> None:
    async def answering(exchange: Exchange) -> None:
        for message in _pieces([(b"content-length", b"3")], b"abc"):
            await exchange.send(message)

    wire = await exchanged(answering, method="HEAD")
    assert b"".join(wire.writes) == b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"


@pytest.mark.parametrize("body", [b"ab", b"abcd"])
async def test_an_answer_of_another_length_than_was_said_cuts_the_connection(body: bytes) -> None:
    async def answering(exchange: Exchange) -> None:
        for message in _pieces([(b"content-length", b"3")], body):
            await exchange.send(message)

    assert (await exchanged(answering)).closed


def _pieces(headers: list[Header], *bodies: bytes) -> list[Message]:
    begin: Message = {"type": "http.response.start", "status": 200, "headers": headers}
    last = len(bodies) - 1
    return [
        begin,
        *({"type": "http.response.body", "body": body, "more_body": at < last} for at, body in enumerate(bodies)),
    ]
