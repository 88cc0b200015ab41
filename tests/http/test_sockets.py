"""The same sequences over real sockets to the server's own process: whole, in packets, and byte by byte."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import pytest

from tests.http.application import DOUBTED, LOST, UNHEARD
from tests.http.judging.comparing import differences, violations
from tests.http.judging.transcript import Transcript, read
from tests.http.playing import Expected, oracle
from tests.http.requests.delivery import Delivery, End
from tests.http.running import Running, running_server
from tests.http.sequences import Sequence, sequence
from tests.support.virtual_time import run_in_virtual_time

SEED: Final = 7
SEQUENCES: Final = 60
BYTES_MAX: Final = 200_000
BYTE_BY_BYTE_MAX: Final = 400
AT_ONCE: Final = 16
PAUSE_S: Final = 0.001
ANSWER_S_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Play:
    """A sequence in one of its deliveries, with ids of its own, and what the oracle makes of it."""

    data: bytes
    delivery: Delivery
    prefix: str
    expected: Expected


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with running_server() as started:
        yield started


async def test_real_sockets_carry_the_same_answers(running: Running) -> None:
    """However the bytes are cut; every client shuts its sending half, so that each connection comes to its end."""
    plays = await asyncio.to_thread(lambda: run_in_virtual_time(_plays()))
    limit = asyncio.Semaphore(AT_ONCE)

    async def sent(play: Play) -> bytes:
        async with limit:
            return await _exchange(running.port, play)

    written = await asyncio.gather(*map(sent, plays))
    stored = await asyncio.to_thread(lambda: running.stored)
    assert len(plays) > 2 * SEQUENCES
    assert sum(len(play.expected.transcript.answers) for play in plays) > len(plays)
    for play, answers in zip(plays, written, strict=True):
        ids = [each.encode() for each in stored if each.startswith(play.prefix)]
        methods = [exchange.method for exchange in play.expected.exchanges]
        found = _without_interim(read(answers, methods, closed=True, stored=ids))
        expected = replace(play.expected, transcript=_without_interim(play.expected.transcript))
        assert not [*differences(expected, found, play.delivery)], play
        assert not [*violations(expected.exchanges, found, play.delivery)], play


async def _plays() -> list[Play]:
    h11 = oracle()
    return [
        Play(data, delivery, prefix, await h11.expect(data, delivery))
        for number in range(SEQUENCES)
        for data, delivery, prefix in _deliveries(sequence(SEED, number))
    ]


def _deliveries(whole: Sequence) -> Iterator[tuple[bytes, Delivery, str]]:
    """What takes no time to be answered, each with ids that are as long as the others'.

    Whether the stream is ready hangs on what other connections have stored.
    """
    data = whole.data[: whole.delivery.size]
    if len(data) > BYTES_MAX or any(fate in data for fate in (LOST, DOUBTED, UNHEARD, b"/readyz")):
        return
    cuts = [(), tuple(range(len(data) // 7, len(data), max(1, len(data) // 7))), whole.delivery.cuts]
    if len(data) <= BYTE_BY_BYTE_MAX:
        cuts.append(tuple(range(1, len(data))))
    for letter, places in zip("abcd", cuts, strict=False):
        named = f"{letter}{whole.seed}-{whole.number}-"
        delivery = Delivery(places, end=End.HALF_CLOSES_AT_ONCE)
        yield data.replace(f"h{whole.seed}-{whole.number}-".encode(), named.encode()), delivery, named


async def _exchange(port: int, play: Play) -> bytes:
    """All that is answered; packets are apart in time, which nearly always keeps them apart."""
    async with asyncio.timeout(ANSWER_S_MAX):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = asyncio.create_task(_read(reader))
        with suppress(OSError):  # the server has said its last word, and listened long enough
            for piece in play.delivery.pieces(play.data):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(PAUSE_S)
            writer.write_eof()
        written = await answer
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return written


async def _read(reader: asyncio.StreamReader) -> bytes:
    """All that came, also when the connection was reset behind it."""
    written = b""
    with suppress(ConnectionResetError):
        while piece := await reader.read(1 << 16):
            written += piece
    return written


def _without_interim(transcript: Transcript) -> Transcript:
    """`100 Continue` depends on whether the body has come when it is asked for, and so on the network."""
    return replace(transcript, answers=tuple(replace(answer, interim=0) for answer in transcript.answers))
