"""An event loop on a clock of its own: waiting takes no time, and work takes as long as was counted of it.

The clock jumps over every wait, and goes on by `work.CALL_S` with each call that is counted. So a run has the
latencies of a machine on which every call takes that long, queues and all, and has the same ones whenever it is
repeated. With `CpuWork` it goes on by this thread's CPU time: the latencies are those of this machine with nothing
else to do.
"""

import asyncio
import gc
import selectors
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeVar

from bench.counted.network import Far, Link
from bench.counted.work import Work

CONNECT_S: Final = 0.000_5

_Result = TypeVar("_Result")
Server = Callable[[Link], Far]


class NothingLeftToHappenError(RuntimeError):
    """Every task waits and no timer is set: the run would hang."""


class _Jumps(selectors.DefaultSelector):
    """Instead of waiting for input, moves the clock on."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work, self._calls = work, 0
        self.now_s = 0.0
        self.turns = self.waits = self.calls_a_turn_max = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        calls, self._calls = self._work.calls - self._calls, self._work.calls
        self.calls_a_turn_max = max(self.calls_a_turn_max, calls)
        if timeout is None:
            raise NothingLeftToHappenError
        if timeout > 0:
            self.waits += 1
            self.now_s += timeout
        return super().select(0)


class CountingLoop(asyncio.SelectorEventLoop):
    """Reads no sockets: connections are links of memory, to servers by their ports."""

    def __init__(self, work: Work | None = None) -> None:
        self.work = work or Work()
        self._jumps = _Jumps(self.work)
        self.servers: dict[int, Server] = {}
        self._addresses: dict[socket.socket, int] = {}
        super().__init__(self._jumps)

    @property
    def turns(self) -> int:
        """Turns so far."""
        return self._jumps.turns

    @property
    def waits(self) -> int:
        """Turns so far before which nothing was left to do, so that the clock jumped."""
        return self._jumps.waits

    @property
    def calls_a_turn_max(self) -> int:
        """The calls of the turn that made most."""
        return self._jumps.calls_a_turn_max

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._jumps.now_s + self.work.seconds

    async def create_connection(  # type: ignore[override] # as much of it as our clients ask for
        self, protocol_factory: Any, _: Any = None, port: Any = None, **options: Any
    ) -> Any:
        """Connect to a server of `servers`."""
        connected: socket.socket | None = options.get("sock")
        if connected is not None:
            port = self._addresses.pop(connected)
        await asyncio.sleep(CONNECT_S)
        protocol = protocol_factory()
        link = Link(self, self.work, protocol, connected)
        link.far = self.servers[port](link)
        protocol.connection_made(link)
        return link, protocol

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Note where to."""
        self._addresses[sock] = address[1]


def run(main: Callable[[CountingLoop], Coroutine[Any, Any, _Result]], work: Work | None = None) -> _Result:
    """Run to the end on a loop of its own. Whatever the loop's exception handler is told of fails the run."""
    faults: list[dict[str, Any]] = []
    collects = gc.isenabled()
    gc.disable()  # when it comes, and what is called by it, is not the code's
    try:
        return _run(main, faults, work)
    finally:
        if collects:
            gc.enable()


def _run(
    main: Callable[[CountingLoop], Coroutine[Any, Any, _Result]], faults: list[dict[str, Any]], work: Work | None
) -> _Result:
    with asyncio.Runner(loop_factory=partial(CountingLoop, work)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, CountingLoop)
        loop.set_exception_handler(lambda _, fault: faults.append(fault))
        result = runner.run(main(loop))
    if faults:
        raise RuntimeError(f"the loop was told of faults: {faults}")
    return result
