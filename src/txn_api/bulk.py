"""A bulk upload: lines in, results out, in bounded memory whatever its size.

Lines go to the producer as they arrive; a window of them waits for the stream, and reading stops while the window
or the producer's share for bulk is full, which is what slows the sender down.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol

from pydantic_core import to_json
from starlette.types import Message, Receive

from txn_api.acknowledgement import problem_of
from txn_api.arrival import Arrival
from txn_api.encodings import Decoder, EncodingMalformedError, TooMuchContentError
from txn_api.limits import Bucket
from txn_api.lines import Line, LineSplitter
from txn_api.problems import BodyTooLarge, OutcomeUnknown, Overloaded, Problem, StoreUnavailable
from txn_api.results import Results
from txn_core.errors import ProducerError
from txn_core.event import EncodedEvent
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import Producer

REJECTS_MAX: Final = 10_000
# What is taken in a row, before others get their turn of the event loop: so many lines, or as many as fill up so many
# bytes. For usual lines that is about the same; each of the longest ones takes as long as hundreds of those.
LINES_A_ROW: Final = 32
BYTES_A_ROW: Final = 24 << 10
BYTES_PER_S_MIN: Final = 1_024
"""What a body has to bring on average, or its sender is cut off: two lines a second, and a quarter of what the
slowest mobile links (GPRS) carry."""
BODY_DEADLINES_OF_GRACE: Final = 2
"""So many body deadlines, a minute by default, a sender may spend below that rate: a retransmission or a look for the
next file is no slow sender."""
# An upload that ended early is still read this far, so that its sender sees the answer instead of a cut connection.
DRAIN_BYTES_MAX: Final = 4 << 20
DRAIN_S_MAX: Final = 2.0

Ended = Literal[
    "complete",
    "too_many_rejects",
    "body_timeout",
    "body_too_large",
    "broken_off",
    "encoding_malformed",
    "shutting_down",
    "rights_ended",
    "store_unavailable",
]


@dataclass(slots=True)
class Totals:
    """What became of the lines read."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    ended: Ended = "complete"

    @property
    def refused(self) -> int:
        """Lines that were not accepted."""
        return self.rejected + self.unknown

    def line(self, receipt_id: str) -> bytes:
        """The last line of the answer."""
        counts = {"read": self.read, "accepted": self.accepted, "rejected": self.rejected, "unknown": self.unknown}
        return to_json({"receipt_id": receipt_id, **counts, "ended": self.ended}) + b"\n"


class Rights(Protocol):
    """What an upload may do, which can end while it is under way (`txn_api.standing`)."""

    @property
    def left_s(self) -> float:
        """Seconds until `check` has something new to say."""

    @property
    def lines(self) -> Bucket | None:
        """The rate of its lines, as it is now."""

    async def check(self) -> None:
        """Raise the `Problem` that a new request would be refused with, if it would."""


class _RightsEndedError(Exception):
    """Nothing more may be taken of an upload; `ended` says why."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended)
        self.ended = ended


class _Waiting(NamedTuple):
    number: int
    event: EncodedEvent
    landing: "asyncio.Future[Landing]"


class Upload:
    """One upload on its way. `run` reads it to its end and reports each line's result."""

    def __init__(
        self,
        *,
        admit: Callable[[bytes], EncodedEvent],
        producer: Producer,
        receive: Receive,
        decoder: Decoder,
        stopping: "asyncio.Future[None]",
        line_bytes_max: int,
        lines_in_flight_max: int,
        body_deadline_s: float,
        turn: Callable[[], Awaitable[None]],
        rate: Bucket | None = None,
        rights: Rights | None = None,
    ) -> None:
        """Take what a route has; each row waits for a `turn` (`txn_api.turns`)."""
        self._turn, self._rights = turn, rights
        self._admit, self._producer, self._receive, self._stopping = admit, producer, receive, stopping
        self._decoder, self._rate = decoder, rate
        self._splitter = LineSplitter(line_bytes_max)
        self._window = lines_in_flight_max
        self._body_deadline_s = body_deadline_s
        self._arrival = Arrival(BYTES_PER_S_MIN, BODY_DEADLINES_OF_GRACE * body_deadline_s)
        self._waiting: deque[_Waiting] = deque()
        self.totals = Totals()
        self.receipt_id = f"rcp_{secrets.token_hex(16)}"

    async def run(self, results: Results) -> None:
        """Read, hand over and settle every line, until the body ends or the totals say why not."""
        try:
            more = True
            while more and (message := await self._next(results)) is not None:
                more = message.get("more_body", False)
                await self._turn()
                for row in self._rows(message.get("body", b""), more=more):
                    await self._take(row, results)
                    if self.totals.refused >= REJECTS_MAX:
                        self.totals.ended = "too_many_rejects"
                        return
                    if self._stopping.done():
                        self.totals.ended = "shutting_down"
                        return
                    await self._turn()
        except EncodingMalformedError:
            self.totals.ended = "encoding_malformed"
        except TooMuchContentError:
            self.totals.ended = "body_too_large"
        except _RightsEndedError as error:
            self.totals.ended = error.ended
        finally:
            while self._waiting:
                await self._settle_oldest(results)
                await self._settle_landed(results)
                await self._turn()

    async def drain(self) -> None:
        """Read on for a moment without looking at it."""
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S_MAX):
                while size < DRAIN_BYTES_MAX and (message := await self._receive()).get("more_body"):
                    size += len(message["body"])

    def _rows(self, piece: bytes, *, more: bool) -> Iterator[Sequence[Line]]:
        """The lines that a piece completes, some at a time; a step of decoding that completes none is a row, too."""
        for content in self._decoder.feed(piece):
            yield from _rows(self._splitter.feed(content))
        if not more:
            self._decoder.end()
            yield from _rows(self._splitter.end())

    async def _next(self, results: Results) -> Message | None:
        """The next piece of the body, none if reading ends before; while none comes, what has landed is settled."""
        receiving = asyncio.ensure_future(self._receive())
        expires_at = asyncio.get_running_loop().time() + self._body_deadline_s
        try:
            while not receiving.done():
                done = await self._wait(receiving, expires_at)
                if not done or self._stopping in done:
                    self.totals.ended = "shutting_down" if done else "body_timeout"
                    return None
                await self._turn()
                await self._settle_landed(results)
        finally:
            receiving.cancel()
        message = receiving.result()
        if message["type"] == "http.disconnect":
            self.totals.ended = "broken_off"
            return None
        self._arrival.came(len(message.get("body", b"")))
        return message

    async def _wait(self, receiving: "asyncio.Future[Message]", expires_at: float) -> set["asyncio.Future[Any]"]:
        """What happened of all that may end the wait for a piece; nothing when the sender was too slow."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self._waiting:
            # The sender may be waiting for this line's result: time that is ours, not his.
            events: set[asyncio.Future[Any]] = {receiving, self._stopping, self._waiting[0].landing}
            return await self._first_of(events, expires_at - began)
        done = await self._first_of({receiving, self._stopping}, min(expires_at - began, self._arrival.left_s))
        self._arrival.waited(loop.time() - began)
        return done

    async def _first_of(self, events: set["asyncio.Future[Any]"], timeout_s: float) -> set["asyncio.Future[Any]"]:
        """What of these happens first, nothing after so long; the rights are asked for again meanwhile."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + timeout_s
        while True:
            wait_s = ends_at - loop.time()
            asked_in_s = wait_s if self._rights is None else self._rights.left_s
            done = await _first_of(events, max(0.0, min(wait_s, asked_in_s)))
            if done or wait_s <= asked_in_s:
                return done
            await self._ask_rights()

    async def _ask_rights(self) -> None:
        """Raise if the rights that the upload began with have ended, or if that cannot be told."""
        if self._rights is None or self._rights.left_s > 0:
            return
        try:
            await self._rights.check()
        except Problem as problem:
            unknown = isinstance(problem, (StoreUnavailable, Overloaded))
            raise _RightsEndedError("store_unavailable" if unknown else "rights_ended") from None
        self._rate = self._rights.lines

    async def _take(self, row: Sequence[Line], results: Results) -> None:
        """Admit the lines of a row, one right behind the other as posts are (`posts.py`), and then hand them over."""
        if self._rate is not None and (wait_s := self._rate.owe(len(row))):
            # Nothing more is read meanwhile, which is what slows the sender down.
            await self._first_of({self._stopping}, wait_s)
        await self._ask_rights()
        for line, admitted in [(line, self._admitted(line)) for line in row if line.data != b""]:
            if isinstance(admitted, Problem):
                self.totals.read += 1
                await self._refuse(line.number, admitted, results)
                if self.totals.refused >= REJECTS_MAX:
                    return
            else:
                await self._hand_over(line.number, admitted, results)
        await self._settle_landed(results)

    def _admitted(self, line: Line) -> EncodedEvent | Problem:
        if line.data is None:
            return BodyTooLarge()
        try:
            return self._admit(line.data)
        except Problem as problem:
            # Nobody reads where it comes from, whose frames and the row would keep each other.
            problem.__traceback__ = problem.__context__ = None
            return problem

    async def _hand_over(self, number: int, event: EncodedEvent, results: Results) -> None:
        """Hand one line over, waiting while the window or the producer's share for bulk is full.

        A line counts as read when it has an outcome, or will have one.
        """
        try:
            await self._ask_rights()
            while (landing := self._producer.offer(event.card_id, event.data)) is None:
                await self._producer.room(event.card_id)
                await self._ask_rights()
        except ProducerError as error:
            self.totals.read += 1
            await self._refuse(number, problem_of(error), results)
            return
        self.totals.read += 1
        self._waiting.append(_Waiting(number, event, landing))
        while len(self._waiting) > self._window:
            await self._settle_oldest(results)

    async def _settle_landed(self, results: Results) -> None:
        """Settle what has landed: no more lines than a row brings, since a parcel of the stream holds many."""
        for _ in range(LINES_A_ROW):
            if not self._waiting or not self._waiting[0].landing.done():
                return
            await self._settle_oldest(results)

    async def _settle_oldest(self, results: Results) -> None:
        waiting = self._waiting.popleft()
        try:
            landing = await waiting.landing
        except ProducerError as error:
            error.__traceback__ = None  # or it, the line's future and this frame would keep each other
            await self._refuse(waiting.number, problem_of(error), results)
            return
        self.totals.accepted += 1
        if results.everything:
            await results.accepted(waiting.number, waiting.event, landing)

    async def _refuse(self, number: int, problem: Problem, results: Results) -> None:
        if isinstance(problem, OutcomeUnknown):
            self.totals.unknown += 1
        else:
            self.totals.rejected += 1
        await results.refused(number, problem)


async def _first_of(events: set["asyncio.Future[Any]"], timeout_s: float) -> set["asyncio.Future[Any]"]:
    done, _ = await asyncio.wait(events, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    return done


def _rows(lines: Iterator[Line]) -> Iterator[Sequence[Line]]:
    """Some lines at a time; the last row may be empty."""
    row: list[Line] = []
    size = 0
    for line in lines:
        row.append(line)
        size += len(line.data or b"")
        if len(row) == LINES_A_ROW or size >= BYTES_A_ROW:
            yield row
            row, size = [], 0
    yield row
