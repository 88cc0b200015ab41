"""Plays a sequence to a connection in memory, in virtual time, until nothing happens any more."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from tests.http.application import Site, site
from tests.http.judging.oracle import Exchange, Oracle
from tests.http.judging.transcript import Transcript, read
from tests.http.requests.delivery import Delivery, End
from tests.http.transport import MemoryTransport
from txn_api.edge.buffered_request import EXTENSION, BufferedRequests
from txn_server.http.connection import Connection, Patience

TURN_S: Final = 0.001
"""Between two pieces: whatever can happen without time passing has happened then."""
UNREAD_S: Final = 3.0
PAUSED_S_MAX: Final = 300.0
LINGER_S_MAX: Final = 10.0
END_S: Final = 200.0
"""Longer than everything that an application or a connection waits for."""

MakeProtocol = Callable[[], asyncio.Protocol]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the oracle saw, how it framed it, and which rules mattered."""

    transcript: Transcript
    exchanges: Sequence[Exchange]
    refused: int
    touched: Counter[str]


class Player:
    """An application of its own, behind connections of one kind."""

    def __init__(self, site: Site, make: MakeProtocol, state: ServerState | None = None) -> None:
        """Connections that are served by uvicorn are known to its `state`."""
        self._site, self._make, self._state = site, make, state or ServerState()
        self._closed = False

    async def play(self, data: bytes, delivery: Delivery, methods: Sequence[bytes]) -> tuple[Transcript, list[str]]:
        """What was answered, and the faults of the connection against its transport."""
        protocol = self._make()
        transport = await self._sent(protocol, data, delivery)
        return self._transcript(transport, methods), transport.faults

    async def expect(self, data: bytes, delivery: Delivery) -> Expected:
        """What the oracle answers. A client that will be gone stays for it, so that all it has sent is framed."""
        delivery = replace(delivery, end=End.STAYS) if delivery.is_gone else delivery
        oracle = self._make()
        assert isinstance(oracle, Oracle)
        transport = await self._sent(oracle, data, delivery)
        assert not transport.faults, transport.faults
        oracle.look_after()
        transcript = self._transcript(transport, [exchange.method for exchange in oracle.exchanges])
        return Expected(transcript, oracle.exchanges, oracle.refused, oracle.touched)

    async def _sent(self, protocol: asyncio.Protocol, data: bytes, delivery: Delivery) -> MemoryTransport:
        self._site.clear()
        transport = MemoryTransport(protocol, reads=delivery.reads)
        protocol.connection_made(transport)
        pieces = delivery.pieces(data)
        for number, piece in enumerate(pieces):
            while piece and not transport.is_lost:
                await _taken(transport)
                piece = bytes(transport.give(piece))  # noqa: PLW2901 - what is left of it
            if number < len(pieces) - 1 or not delivery.hurries:
                await asyncio.sleep(TURN_S)
        await self._ended(protocol, transport, delivery)
        self._closed = not transport.is_open
        if self._closed and not transport.is_lost:
            await self._lingered(transport)
        if not transport.is_lost:
            transport.lose()
            await asyncio.sleep(TURN_S)
        if self._state.connections or self._state.tasks:
            transport.faults.append(f"left behind: {self._state.connections}, {self._state.tasks}")
        return transport

    async def _lingered(self, transport: MemoryTransport) -> None:
        """Wait for a connection that has said its last word and still listens."""
        patience = Patience(self._state.connections)
        patience.start()
        await asyncio.sleep(LINGER_S_MAX)
        patience.stop()
        if not transport.is_lost:
            transport.faults.append("lingers for good")

    async def _ended(self, protocol: asyncio.Protocol, transport: MemoryTransport, delivery: Delivery) -> None:
        if delivery.is_gone:
            transport.lose()
        elif delivery.end is not End.STAYS and not transport.is_lost:
            await _taken(transport)
            if not transport.is_lost:
                stays: object = protocol.eof_received()
                if not stays:
                    transport.close()
        await asyncio.sleep(TURN_S)
        if not delivery.reads:
            transport.read_all()
        await asyncio.sleep(END_S)

    def _transcript(self, transport: MemoryTransport, methods: Sequence[bytes]) -> Transcript:
        written, site = bytes(transport.written), self._site
        return read(written, methods, closed=self._closed, stored=site.stored, heads=site.front.heads)


async def _taken(transport: MemoryTransport) -> None:
    """Wait until the connection takes more; a client that reads nothing begins to when nothing goes on."""
    waited_s = TURN_S
    while not (transport.takes_input or transport.is_lost):
        await asyncio.sleep(waited_s)
        waited_s *= 2
        if waited_s > UNREAD_S:
            transport.read_all()
        if waited_s > PAUSED_S_MAX:
            transport.faults.append("reading is paused for good")
            transport.lose()


def served(connection: type[asyncio.Protocol]) -> Player:
    """Connections of a class that uvicorn serves, around an application of their own."""
    here, state = site(), ServerState()
    config = uvicorn.Config(
        here.front,
        http=connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # as in production: what the layer hides is whether the application takes whole requests
    )
    config.load()
    make: Any = connection
    shared = {EXTENSION: BufferedRequests(here.front)}
    return Player(here, lambda: make(config, state, shared), state)


def ours() -> Player:
    """Our connection."""
    return served(Connection)


def oracle() -> Player:
    """H11's."""
    here = site()
    return Player(here, lambda: Oracle(here.front))
