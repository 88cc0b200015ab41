"""A bulk upload: lines in, results out, in bounded memory whatever its size.

Lines go to the producer as they arrive; a window of them waits for the stream, and reading stops while the window
or the producer's share for bulk is full, which is what slows the sender down. Lines are taken in rows, each in a turn
of the event loop (`turns.py`), and what an upload holds counts with all others' (`fair_memory.py`).
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

from txn_api.access.rate_limits import Bucket
from txn_api.problems import BodyTooLarge, LayoutUnknown, OutcomeUnknown, Overloaded, Problem, StoreUnavailable
from txn_api.writes.acknowledgement import problem_of
from txn_api.writes.encodings import Decoder, EncodingMalformedError, TooMuchContentError
from txn_api.writes.fair_memory import Holding
from txn_api.writes.lines import Line, LineSplitter
from txn_api.writes.results import Results
from txn_api.writes.slow_senders import SenderPatience
from txn_api.writes.turns import Turn
from txn_core.exceptions import ProducerError

REJECTS_MAX: Final = 10_000
# What is taken in a row at most, before others get their turn of the event loop: so many lines, or as many as fill up
# so many bytes. Of dear lines fewer are taken, as many as there is time for.
LINES_A_ROW: Final = 32
BYTES_A_ROW: Final = 24 << 10
USUAL_LINE_BYTES: Final = 1_024
FAULTS_A_LINE: Final = 5
"""Telling so many faults takes as long as a usual line."""
IN_FLIGHT_LINE_BYTES: Final = 1_300
"""What a line takes that waits for the stream: its future, its landing and its ids."""
LINES_IN_FLIGHT_MIN: Final = 16
"""So many of an upload may wait for the stream however much others hold."""
BYTES_PER_S_MIN: Final = 1_024
"""What a body has to bring on average, or its sender is cut off: two lines a second, and a quarter of what the
slowest mobile links (GPRS) carry."""
BODY_DEADLINES_OF_GRACE: Final = 2
"""So many body deadlines, a minute by default, a sender may spend below that rate: a retransmission or a look for the
next file is no slow sender."""
# An upload that ended early is still read this far, so that its sender sees the answer instead of a cut connection.
DRAIN_BYTES_MAX: Final = 4 << 20
DRAIN_S_MAX: Final = 2.0
DECOMPRESSION_S_MAX: Final = 30.0
"""How long an upload waits for the memory that decompressing it takes."""

Ended = Literal[
    "complete",
    "too_many_rejects",
    "body_timeout",
    "body_too_large",
    "broken_off",
    "encoding_malformed",
    "layout_unknown",
    "overloaded",
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


class Admitted(Protocol):
    """A line that keeps all rules."""

    @property
    def data(self) -> bytes:
        """What is handed over."""

    @property
    def card_id(self) -> str:
        """What keeps lines of the same subject in their order: the card, or whatever else they are about."""


class Splitter(Protocol):
    """Lines out of a body's content."""

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The lines that a piece completes."""

    def end(self) -> Iterator[Line]:
        """The last lines."""


class Sink(Protocol):
    """Where lines go: the producer, or a store."""

    def offer(self, card_id: str, data: bytes) -> "asyncio.Future[Any] | None":
        """Take a line, and say later that it is durable, or why not (a `ProducerError`); None while there is no room.

        Raises:
            ProducerError: it takes none.
        """

    async def room(self, card_id: str) -> None:
        """Wait until there may be room."""


Admit = Callable[[bytes], Admitted]
"""Turns a line into what is handed over, or raises a `Problem`."""


class Rights(Protocol):
    """What an upload may do, which can end while it is under way (`txn_api.access.standing`)."""

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
    event: Admitted | None  # without its bytes, where its result is told
    landing: "asyncio.Future[Any]"


class Upload:
    """One upload on its way. `run` reads it to its end and reports each line's result."""

    def __init__(
        self,
        *,
        admitting: Callable[[], Admit],
        producer: Sink,
        receive: Receive,
        decoder: Decoder,
        stopping: "asyncio.Future[None]",
        line_bytes_max: int,
        lines_in_flight_max: int,
        body_deadline_s: float,
        turn: Callable[[], Awaitable[Turn]],
        in_flight: Holding,
        decompression: Holding,
        splitter: Splitter | None = None,
        rate: Bucket | None = None,
        rights: Rights | None = None,
    ) -> None:
        """Take what a route has; each row waits for a `turn` (`txn_api.writes.turns`).

        `admitting` gives what admits a line by the rights as they are now. Lines end at newlines unless a `splitter`
        makes them.
        """
        self._turn, self._rights = turn, rights
        self._in_flight, self._decompression = in_flight, decompression
        self._admitting, self._admit = admitting, admitting()
        self._producer, self._receive, self._stopping = producer, receive, stopping
        self._decoder, self._rate = decoder, rate
        self._splitter = splitter or LineSplitter(line_bytes_max)
        self._window = lines_in_flight_max
        self._body_deadline_s = body_deadline_s
        self._sender = SenderPatience(BYTES_PER_S_MIN, BODY_DEADLINES_OF_GRACE * body_deadline_s)
        self._waiting: deque[_Waiting] = deque()
        self._is_full = False  # of refused lines
        self._is_unknown = False  # what its lines are
        self.totals = Totals()
        self.receipt_id = f"rcp_{secrets.token_hex(16)}"

    async def run(self, results: Results) -> None:
        """Read, hand over and settle every line, until the body ends or the totals say why not."""
        try:
            more = True
            while more and (message := await self._next(results)) is not None:
                piece, more = message.get("body", b""), message.get("more_body", False)
                del message  # which would keep a piece whose lines are taken
                turn = await self._turn()
                for row in self._rows(piece, more=more):
                    next_turn = await self._take_row(row, turn, results)
                    if next_turn is None:
                        return
                    turn = next_turn
                del piece
        except EncodingMalformedError:
            self.totals.ended = "encoding_malformed"
        except TooMuchContentError:
            self.totals.ended = "body_too_large"
        except _RightsEndedError as error:
            self.totals.ended = error.ended
        finally:
            self._decompression.give_back()
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
        self._sender.came(len(message.get("body", b"")))
        return message

    async def _wait(self, receiving: "asyncio.Future[Message]", expires_at: float) -> set["asyncio.Future[Any]"]:
        """What happened of all that may end the wait for a piece; nothing when the sender was too slow."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self._waiting:
            # The sender may be waiting for this line's result: time that is ours, not his.
            events: set[asyncio.Future[Any]] = {receiving, self._stopping, self._waiting[0].landing}
            return await self._first_of(events, expires_at - began)
        done = await self._first_of({receiving, self._stopping}, min(expires_at - began, self._sender.left_s))
        self._sender.waited(loop.time() - began)
        return done

    async def _first_of(self, events: set["asyncio.Future[Any]"], timeout_s: float) -> set["asyncio.Future[Any]"]:
        """What of these happens first, nothing after so long; the rights are asked for again meanwhile."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + timeout_s
        while True:
            wait_s = ends_at - loop.time()
            asked_in_s = wait_s if self._rights is None else self._rights.left_s
            timeout = max(0.0, min(wait_s, asked_in_s))
            done, _ = await asyncio.wait(events, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if done or wait_s <= asked_in_s:
                return done
            await self._ask_rights()

    async def _ask_rights(self) -> bool:
        """Raise if the rights that the upload began with have ended, or if that cannot be told; say if it asked."""
        if self._rights is None or self._rights.left_s > 0:
            return False
        try:
            await self._rights.check()
        except Problem as problem:
            unknown = isinstance(problem, (StoreUnavailable, Overloaded))
            raise _RightsEndedError("store_unavailable" if unknown else "rights_ended") from None
        self._rate, self._admit = self._rights.lines, self._admitting()
        return True

    async def _take_row(self, row: Sequence[Line], turn: Turn, results: Results) -> Turn | None:
        """Take the lines of a row in as many turns as they need; the next turn, or None if the upload ends early."""
        if self._rate is not None and (wait_s := self._rate.owe(_cost(row))):
            # Nothing more is read meanwhile, which is what slows the sender down.
            await self._first_of({self._stopping}, wait_s)
            turn = await self._turn()
        taken = 0
        while True:
            if await self._ask_rights():
                # All uploads of a key wait for the same look, and must not go on in the same moment.
                turn = await self._turn()
            taken += await self._take(row[taken:], turn, results)
            if self._ends_early() or not await self._has_room_to_decompress():
                return None
            turn = await self._turn()
            if taken >= len(row):
                return turn

    def _ends_early(self) -> bool:
        """Whether no further line is taken; between two rows, whatever may end an upload is asked here."""
        if self._is_unknown:
            self.totals.ended = "layout_unknown"
        elif self._is_full:
            self.totals.ended = "too_many_rejects"
        elif self._stopping.done():
            self.totals.ended = "shutting_down"
        else:
            return False
        return True

    async def _has_room_to_decompress(self) -> bool:
        """Wait for the memory that the next step of decompressing takes; false if there is none in time."""
        needed = self._decoder.bytes_needed
        if self._decompression.becomes(needed):
            return True
        # The frame before is over. Who kept its memory might wait for somebody who waits in the same way.
        self._decompression.give_back()
        waiting = asyncio.ensure_future(self._decompression.become(needed))
        try:
            done = await self._first_of({waiting, self._stopping}, DECOMPRESSION_S_MAX)
        finally:
            waiting.cancel()
        if waiting in done:
            return True
        self.totals.ended = "shutting_down" if done else "overloaded"
        return False

    async def _take(self, lines: Sequence[Line], turn: Turn, results: Results) -> int:
        """Admit lines as long as the turn goes, one right behind the other as posts are, and then hand them over.

        Gives how many of them were taken, one at least.
        """
        admitted, taken = [], 0
        admit, clock, ends_at = self._admit, turn.clock, turn.ends_at
        outcome: Admitted | Problem
        for number, data, _ in lines:
            taken += 1
            if data != b"":
                try:
                    outcome = admit(data) if data is not None else BodyTooLarge()
                except Problem as problem:
                    # Nobody reads where it comes from, whose frames and the row would keep each other.
                    problem.__traceback__ = problem.__context__ = None
                    outcome = problem
                admitted.append((number, outcome))
            if clock() >= ends_at:
                break
        await self._ask_rights()
        room = 0
        for number, outcome in admitted:
            if not isinstance(outcome, Problem):
                try:
                    room = room or self._room_in_window()
                    if room and self._is_handed_over(number, outcome, results):
                        room -= 1
                    else:
                        await self._wait_for_room(number, outcome, results)
                        room = 0
                    continue
                except ProducerError as error:
                    refusal = problem_of(error)
            else:
                refusal = outcome
                self._charge_faults(refusal)
            self.totals.read += 1
            await self._refuse(number, refusal, results)
            if self._is_full or self._is_unknown:
                break
            await self._ask_rights()  # the client may have let the result wait
            room = 0
        await self._settle_landed(results)
        return taken

    def _charge_faults(self, problem: Problem) -> None:
        """What a line's faults cost, the key's next row pays."""
        if self._rate is not None and (more := len(problem.faults) // FAULTS_A_LINE):
            self._rate.owe(more)

    async def _wait_for_room(self, number: int, event: Admitted, results: Results) -> None:
        """Hand a line over as soon as the window and the producer's share for bulk have room for it.

        Raises:
            ProducerError: the producer does not take it.
        """
        while len(self._waiting) >= self._window or self._holds_too_much():
            await self._settle_oldest(results)
        await self._ask_rights()
        while not self._is_handed_over(number, event, results):
            await self._producer.room(event.card_id)
            await self._ask_rights()

    def _is_handed_over(self, number: int, event: Admitted, results: Results) -> bool:
        """Whether the producer has room for a line, and has it now; the line counts as read then.

        Raises:
            ProducerError: the producer does not take it.
        """
        landing = self._producer.offer(event.card_id, event.data)
        if landing is None:
            return False
        self.totals.read += 1
        told = results.kept(event) if results.everything else None
        # As its class makes one, without a call of Python.
        self._waiting.append(tuple.__new__(_Waiting, (number, told, landing)))
        return True

    def _room_in_window(self) -> int:
        """How many lines more may wait for the stream before this is asked again: others may hold too much then."""
        count = len(self._waiting)
        return 0 if count >= self._window or self._holds_too_much() else min(LINES_A_ROW, self._window - count)

    def _holds_too_much(self) -> bool:
        """Whether fewer lines are to wait for the stream, since all uploads hold too much."""
        self._count_in_flight()
        return len(self._waiting) >= LINES_IN_FLIGHT_MIN and self._in_flight.is_too_much

    def _count_in_flight(self) -> None:
        self._in_flight.hold(len(self._waiting) * IN_FLIGHT_LINE_BYTES)

    async def _settle_landed(self, results: Results) -> None:
        """Settle what has landed: no more lines than a row brings, since a parcel of the stream holds many."""
        waiting = self._waiting
        for _ in range(LINES_A_ROW):
            if not waiting or not waiting[0].landing.done():
                break
            if waiting[0].event is None and waiting[0].landing.exception() is None:
                waiting.popleft()  # an acceptance that nobody is told of, as of most lines
                self.totals.accepted += 1
            else:
                await self._settle_oldest(results)
        self._count_in_flight()

    async def _settle_oldest(self, results: Results) -> None:
        waiting = self._waiting.popleft()
        try:
            landing = await waiting.landing
        except ProducerError as error:
            error.__traceback__ = None  # or it, the line's future and this frame would keep each other
            await self._refuse(waiting.number, problem_of(error), results)
            return
        self.totals.accepted += 1
        if waiting.event is not None:
            await results.accepted(waiting.number, waiting.event, landing)

    async def _refuse(self, number: int, problem: Problem, results: Results) -> None:
        if isinstance(problem, OutcomeUnknown):
            self.totals.unknown += 1
        else:
            self.totals.rejected += 1
        await results.refused(number, problem)
        self._is_unknown |= isinstance(problem, LayoutUnknown)
        self._is_full |= self.totals.refused >= REJECTS_MAX or results.is_full


def _cost(row: Sequence[Line]) -> int:
    """What lines take of their key's lines a second: each one, and one for each further kibibyte that is begun."""
    return sum([-(-line.size // USUAL_LINE_BYTES) or 1 for line in row])


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
