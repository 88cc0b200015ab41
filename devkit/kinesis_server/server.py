"""The server: between connections, which know HTTP, and operations, which know Kinesis, it deals out the fates."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from pydantic_core import to_json

from devkit.kinesis_server.calls.answer import HttpReply
from devkit.kinesis_server.calls.operations import OPERATIONS, carry_out
from devkit.kinesis_server.calls.writing import miscounted
from devkit.kinesis_server.errors import KinesisError
from devkit.kinesis_server.fan_out.push import push
from devkit.kinesis_server.fates import Cut
from devkit.kinesis_server.faults import Call, Faults
from devkit.kinesis_server.http import Connection, Exchange
from devkit.kinesis_server.state.account import Account
from devkit.kinesis_server.state.stream import Stream
from devkit.kinesis_server.stream_limits import Limits

TIMER_GRAIN_S: Final = 0.002
TARGET_PREFIX: Final = b"Kinesis_20131202."
_NAMES: Final = {TARGET_PREFIX + name.encode(): name for name in OPERATIONS}

Page = Callable[[bytes], tuple[int, bytes]]  # takes a body, gives a status and a body


class KinesisServer:
    """A running server. A test in the same process sets its faults and looks at its streams directly."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.url = ""
        self.requests: Counter[str] = Counter()  # by operation
        self.errors: Counter[str] = Counter()  # calls answered with an error, by code
        self.pages: dict[bytes, Page] = {}  # what is served besides Kinesis, by path
        self._connections: set[Connection] = set()
        self._pushing: set[asyncio.Task[None]] = set()
        self._changes: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self.account.faults

    @property
    def stream_limits(self) -> Limits:
        """Which limits are in force."""
        return self.account.stream_limits

    def stream(self, name: str) -> Stream:
        """A stream, with everything that it remembers."""
        return self.account.stream(name)

    def split(self, stream: str, shard_id: str, new_start: int | None = None) -> None:
        """Split a shard now, in the middle unless told otherwise."""
        self.stream(stream).split(shard_id, self.account.clock(), new_start)

    def merge(self, stream: str, shard_id: str, adjacent_id: str) -> None:
        """Merge two adjoining shards now."""
        self.stream(stream).merge(shard_id, adjacent_id, self.account.clock())

    def later(self, delay_s: float, act: Callable[..., None], *arguments: object) -> None:
        """Act after a while, whether anybody still waits for it or not; no later than the loop gets to it.

        A loop's clock and timers have a grain of a millisecond, so the last two are spent asking for the time.
        """
        self._at(time.monotonic() + delay_s, act, *arguments)

    def _at(self, due_s: float, act: Callable[..., None], *arguments: object) -> None:
        loop = asyncio.get_running_loop()

        def act_when_due() -> None:
            if time.monotonic() < due_s:
                loop.call_soon(act_when_due)
            else:
                act(*arguments)

        loop.call_later(max(0.0, due_s - time.monotonic() - TIMER_GRAIN_S), act_when_due)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; asked again after each call that was carried out or answered."""
        if not holds():
            change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._changes.append((holds, change))
            await change

    def connection(self) -> Connection:
        """A new connection, for `loop.create_server`."""
        return Connection(self, self._connections)

    async def drop_connections(self) -> None:
        """End every connection, and wait until they are gone."""
        pushing, connections = list(self._pushing), list(self._connections)
        for connection in connections:
            connection.drop()
        for connection in connections:
            await connection.gone.wait()
        for task in pushing:
            task.cancel()
        await asyncio.gather(*pushing, return_exceptions=True)

    # Service

    def begun(self, exchange: Exchange) -> None:
        """Decide the call's fate as soon as its operation is known."""
        if exchange.path in self.pages:
            return
        operation = _operation(exchange)
        self.requests[operation] += 1
        exchange.fate = self.faults.call_fate(Call(operation, self.requests[operation]))
        if exchange.fate.cut is Cut.UNREAD:
            exchange.reset()
            self._changed()

    def received(self, exchange: Exchange) -> None:
        """Let the call meet its fate."""
        if (page := self.pages.get(exchange.path)) is not None:
            exchange.answer(*page(exchange.body))
        elif exchange.fate.before_s > 0:
            self.later(exchange.fate.before_s, self._carry_out, exchange)
        else:
            self._carry_out(exchange)

    def _carry_out(self, exchange: Exchange) -> None:
        fate, operation = exchange.fate, _operation(exchange)
        answer, error = HttpReply(), None
        try:
            if fate.carried_out:
                answer = carry_out(self.account, operation, exchange.body)
            if fate.error is not None:
                error = KinesisError(fate.error, fate.message, fate.status)
        except KinesisError as refusal:
            error = refusal
        delay_s = fate.after_s + self.faults.latency_s(operation)
        if delay_s > 0:
            self._changed()
            # From the arrival on: what carrying out took is a part of it.
            self._at(exchange.arrived_s + fate.before_s + delay_s, self._answer, exchange, answer, error)
        else:
            self._answer(exchange, answer, error)

    def _answer(self, exchange: Exchange, answer: HttpReply, error: KinesisError | None) -> None:
        fate = exchange.fate
        if error is not None:
            self.errors[error.code] += 1
            status, body = error.status, error.body()
        else:
            if fate.miscount:
                answer = miscounted(answer, fate.miscount)
            status, body = 200, b"" if answer.document is None else to_json(answer.document)
        if fate.cut is Cut.UNANSWERED:
            exchange.reset()
        elif fate.cut is Cut.MID_ANSWER and answer.subscription is None:
            exchange.answer_half(status, body)
        elif answer.subscription is not None and error is None:
            pushing = asyncio.get_running_loop().create_task(push(exchange, answer.subscription))
            self._pushing.add(pushing)
            pushing.add_done_callback(self._pushing.discard)
        elif exchange.answer(status, body) and error is None:
            answer.acknowledge()
        self._changed()

    def _changed(self) -> None:
        """Wake those who wait for what holds by now."""
        if not self._changes:
            return
        waiting, self._changes = self._changes, []
        for holds, change in waiting:
            if change.done():
                continue
            if holds():
                change.set_result(None)
            else:
                self._changes.append((holds, change))


def _operation(exchange: Exchange) -> str:
    target = exchange.target
    return _NAMES.get(target) or target.removeprefix(TARGET_PREFIX).decode("latin-1")
