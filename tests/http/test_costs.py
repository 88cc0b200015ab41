"""What a connection without a key costs the process: bounded memory, and CPU that grows with what it sends."""

from typing import Final

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tests.http.application import site
from tests.http.judging.costs import SHAPES, Meter, Shape

HELD_BYTES_MAX: Final = 64 << 10
"""Of a connection, between two steps of the event loop."""
STEP_BYTES_MAX: Final = 128 << 10
"""Within a step, for copies of a head: the process takes that once, not for each connection."""
SENT_BYTES: Final = 384 << 10
FOUR_TIMES_MAX: Final = 9.0
"""What four times as much may cost: of what is quadratic it is sixteen."""
UNMEASURABLE_S: Final = 0.02
_HEAD: Final = b"GET / HTTP/1.1\r\nHost: x\r\n"
_CHUNKED: Final = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("name", SHAPES)
async def test_a_connection_without_a_key_takes_little_memory(name: str) -> None:
    """Whatever it sends, and also when it reads nothing of what it is answered."""
    memory = await Meter(site()).memory(SHAPES[name], SENT_BYTES)
    assert memory.held <= HELD_BYTES_MAX
    assert memory.at_most <= STEP_BYTES_MAX


async def test_the_meter_sees_what_another_connection_holds() -> None:
    """Uvicorn's on httptools keeps every trailer."""
    meter = Meter(site(), HttpToolsProtocol)
    assert (await meter.memory(SHAPES["many trailers"], SENT_BYTES)).held > HELD_BYTES_MAX


GROWING: Final = {
    "a long value": lambda n: Shape(_HEAD + b"X: " + b"v" * n + b"\r\n\r\n"),
    "a long value, byte by byte": lambda n: Shape(_HEAD + b"X: " + b"v" * n + b"\r\n\r\n", start_bytes=1),
    "many fields, byte by byte": lambda n: Shape(_HEAD + b"a:\r\n" * (n // 256) + b"\r\n", start_bytes=1),
    "spaces before a byte that is none": lambda n: Shape(_HEAD + b"X:" + b" " * n + b"\x00\r\n\r\n"),
    "spaces before a letter": lambda n: Shape(_HEAD + b"X:" + b" " * n + b"x\r\n\r\n"),
    "spaces within": lambda n: Shape(_HEAD + b"X: a" + b" " * n + b"\x7f\r\n\r\n"),
    "folds": lambda n: Shape(_HEAD + b"X: a" + b"\r\n b" * min(100, n // 4) + b" " * n + b"\r\n\r\n"),
    "a long coding": lambda n: Shape(_HEAD + b"Transfer-Encoding: " + b"," * n + b"chunked\r\n\r\n"),
    "a long length": lambda n: Shape(_HEAD + b"Content-Length: " + b"5," * (n // 2) + b"5\r\n\r\nxxxxx"),
    "a long host": lambda n: Shape(_HEAD.replace(b"x", b"a%41" * (n // 4)) + b"\r\n"),
    "a long target": lambda n: Shape(_HEAD.replace(b"/ ", b"/" + b"%41" * (n // 3) + b" ") + b"\r\n"),
    "an extension, byte by byte": lambda n: Shape(_CHUNKED + b"5;" + b"x" * n + b"\r\nxxxxx\r\n", start_bytes=1),
    "spaces in an extension": lambda n: Shape(_CHUNKED + b"5;" + b" " * n + b"\nx\r\n"),
    "spaces behind a chunk size": lambda n: Shape(_CHUNKED + b"5" + b" " * n + b"x\r\n"),
    "a trailer, byte by byte": lambda n: Shape(_CHUNKED + b"0\r\nX: " + b"v" * n + b"\r\n\r\n", start_bytes=1),
    "spaces in a trailer": lambda n: Shape(_CHUNKED + b"0\r\nX:" + b" " * n + b"\x00\r\n\r\n"),
}


@pytest.mark.parametrize("name", GROWING)
async def test_a_head_costs_as_much_as_it_is_long(name: str) -> None:
    """Also one that is refused, and one that comes byte by byte; so do extensions and trailers."""
    meter = Meter(site())
    short, long = GROWING[name](7_500), GROWING[name](30_000)
    small, large = await meter.cpu_s(short, 0), await meter.cpu_s(long, 0)
    assert large < UNMEASURABLE_S or large < FOUR_TIMES_MAX * small


@pytest.mark.parametrize("name", ["chunks of one byte that nobody reads", "requests", "a body that nobody reads"])
async def test_a_stream_costs_as_much_as_it_is_long(name: str) -> None:
    meter, shape = Meter(site()), SHAPES[name]
    small, large = await meter.cpu_s(shape, 1 << 18), await meter.cpu_s(shape, 1 << 20)
    assert large < UNMEASURABLE_S or large < FOUR_TIMES_MAX * small
