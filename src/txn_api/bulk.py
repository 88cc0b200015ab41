"""A bulk upload: lines in, results out, in bounded memory whatever its size.

Lines go to the producer as they arrive; a window of them waits for the stream, and reading stops while the window
or the producer's share for bulk is full, which is what slows the sender down. By default the rejected lines are
answered when the upload is over, since a client that does not read while it sends would deadlock on anything
longer than the socket buffers. With `results=all` every line is answered as it settles; results that the client
does not read stop the reading of lines, and after a while end the connection.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from pydantic_core import to_json
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Send

from txn_api.lines import Line, LineSplitter
from txn_api.problems import BodyTimeout, BodyTooLarge, OutcomeUnknown, Problem
from txn_api.routes.post import accepted, problem_of
from txn_core.errors import ProducerError
from txn_core.event import EncodedEvent
from txn_core.kinesis.lanes import Landing
from txn_core.kinesis.producer import Producer

REJECTS_MAX: Final = 10_000
UNREAD_BYTES_MAX: Final = 1 << 20
UNREAD_S_MAX: Final = 30.0

log = structlog.get_logger()


class ResultsUnreadError(Exception):
    """The client asked for all results and does not read them."""


@dataclass(slots=True)
class Totals:
    """What became of the lines read."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    ended: str = "complete"

    def line(self, receipt_id: str) -> bytes:
        """The last line of the answer."""
        counts = {"read": self.read, "accepted": self.accepted, "rejected": self.rejected, "unknown": self.unknown}
        return to_json({"receipt_id": receipt_id, **counts, "ended": self.ended}) + b"\n"


@dataclass(frozen=True, slots=True)
class _Waiting:
    number: int
    event: EncodedEvent
    landing: "asyncio.Future[Landing]"


class ResultWriter:
    """Sends results as the client reads them. `write` waits only while more than the bound is unread."""

    def __init__(self, send: Send, *, unread_bytes_max: int, unread_s_max: float) -> None:
        self._send, self._bytes_max, self._s_max = send, unread_bytes_max, unread_s_max
        self._unread = bytearray()
        self._changed = asyncio.Condition()
        self._ended = False
        self._given_up = False

    async def write(self, data: bytes) -> None:
        """Queue a result; once the client was given up, results go nowhere.

        Raises:
            ResultsUnreadError: the client has left more than the bound unread for too long.
        """
        if self._given_up:
            return
        async with self._changed:
            self._unread += data
            self._changed.notify_all()
            try:
                async with asyncio.timeout(self._s_max):
                    await self._changed.wait_for(lambda: len(self._unread) <= self._bytes_max)
            except TimeoutError:
                self._given_up = True
                raise ResultsUnreadError from None

    async def end(self) -> None:
        """Say that nothing more comes; `run` then returns once all is sent."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def run(self) -> None:
        """Send what is queued until the end."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._unread or self._ended)
                data = bytes(self._unread)
                self._unread.clear()
                self._changed.notify_all()
            if not data:
                return
            await self._send({"type": "http.response.body", "body": data, "more_body": True})


class Upload:
    """One upload on its way. `run` reads it to its end and reports each line's result to `report`."""

    def __init__(
        self,
        *,
        admit: Callable[[bytes], EncodedEvent],
        producer: Producer,
        receive: Receive,
        line_bytes_max: int,
        lines_in_flight_max: int,
        body_deadline_s: float,
    ) -> None:
        self._admit, self._producer, self._receive = admit, producer, receive
        self._splitter = LineSplitter(line_bytes_max)
        self._window = lines_in_flight_max
        self._body_deadline_s = body_deadline_s
        self._waiting: deque[_Waiting] = deque()
        self.totals = Totals()
        self.receipt_id = f"rcp_{secrets.token_hex(16)}"

    async def run(self, results: "Results") -> None:
        """Read, hand over and settle every line.

        Raises:
            ClientDisconnect: the client went away; the lines handed over are settled all the same.
            BodyTimeout: the client stopped sending; likewise.
        """
        try:
            more = True
            while more and self.totals.ended == "complete":
                message = await self._next()
                more = message.get("more_body", False)
                for line in self._splitter.feed(message.get("body", b"")):
                    await self._take(line, results)
            if not more:
                for line in self._splitter.end():
                    await self._take(line, results)
        finally:
            while self._waiting:
                await self._settle_oldest(results)

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(self._body_deadline_s):
                message = await self._receive()
        except TimeoutError:
            raise BodyTimeout from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        return message

    async def _take(self, line: Line, results: "Results") -> None:
        """Hand one line over, waiting while the window or the producer's share for bulk is full."""
        if self.totals.ended != "complete":
            return
        self.totals.read += 1
        if line.data is None:
            await self._reject(line.number, BodyTooLarge(), results)
            return
        try:
            event = self._admit(line.data)
            await self._producer.room()
            landing = self._producer.submit(event.card_id, event.data)
        except Problem as problem:
            await self._reject(line.number, problem, results)
            return
        except ProducerError as error:
            await self._reject(line.number, problem_of(error), results)
            return
        self._waiting.append(_Waiting(line.number, event, landing))
        while len(self._waiting) > self._window or (self._waiting and self._waiting[0].landing.done()):
            await self._settle_oldest(results)

    async def _settle_oldest(self, results: "Results") -> None:
        waiting = self._waiting.popleft()
        try:
            landing = await waiting.landing
        except ProducerError as error:
            await self._reject(waiting.number, problem_of(error), results)
            return
        self.totals.accepted += 1
        await results.accepted(waiting.number, accepted(waiting.event, landing))

    async def _reject(self, number: int, problem: Problem, results: "Results") -> None:
        if isinstance(problem, OutcomeUnknown):
            self.totals.unknown += 1
        else:
            self.totals.rejected += 1
        if self.totals.rejected + self.totals.unknown >= REJECTS_MAX:
            self.totals.ended = "too_many_rejects"
        await results.rejected(number, problem)


class Results:
    """Where the lines' results go; this one keeps the rejected lines until the upload is over."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self.kept = bytearray()

    async def accepted(self, number: int, acknowledgement: bytes) -> None:
        """A line was accepted."""

    async def rejected(self, number: int, problem: Problem) -> None:
        """A line was rejected, or its outcome is unknown."""
        self.kept += self._rejected_line(number, problem)

    def _rejected_line(self, number: int, problem: Problem) -> bytes:
        return to_json({"line": number, "problem": problem.document(self._request_id)}) + b"\n"


class AllResults(Results):
    """Sends every line's result as it settles."""

    def __init__(self, request_id: str, writer: ResultWriter) -> None:
        super().__init__(request_id)
        self._writer = writer

    async def accepted(self, number: int, acknowledgement: bytes) -> None:
        """A line was accepted."""
        await self._writer.write(b'{"line":%d,' % number + acknowledgement[1:] + b"\n")

    async def rejected(self, number: int, problem: Problem) -> None:
        """A line was rejected, or its outcome is unknown."""
        await self._writer.write(self._rejected_line(number, problem))
