"""Where the results of an upload's lines go.

By default the rejected lines are answered when the upload is over, since a client that does not read while it sends
would deadlock on anything longer than the socket buffers. With `results=all` every line is answered as it settles;
results that the client does not read stop the reading of lines, and after a while end the connection.
Both are held in the memory that all uploads share (`fair_memory.py`).
"""

import asyncio
from array import array
from collections.abc import Iterator
from typing import Any, Final

from pydantic_core import to_json
from starlette.types import Send

from txn_api.problems import Problem
from txn_api.writes.acknowledgement import accepted
from txn_api.writes.fair_memory import Holding
from txn_core.kinesis.landing import Landing
from txn_core.transactions.event import EncodedEvent

REJECTED_ANSWER_BYTES_MAX: Final = 8 << 20
"""Of all rejected lines of an upload as they are answered; ten thousand with a fault or two each are less."""
UNREAD_BYTES_MAX: Final = 1 << 20
UNREAD_S_MAX: Final = 30.0
SENT_AT_ONCE_BYTES_MAX: Final = 16 << 10  # small enough that a slow reader is seen to read
_NUMBER_BYTES: Final = 30  # of a line of the answer, and its names
_KEPT_LINE_BYTES: Final = 24  # its number and where its problem is
_KEPT_PROBLEM_BYTES: Final = 250  # beside its text


class Results:
    """Where the lines' results go; this one keeps the rejected lines until the upload is over.

    Of equal problems, as most of an upload's are, one is kept.
    """

    everything = False
    """Whether it is to be told of lines that were accepted."""

    def __init__(self, request_id: str, holding: Holding) -> None:
        self._request_id, self._holding = request_id, holding
        self._numbers = array("Q")
        self._problems: list[bytes] = []
        self._distinct: dict[bytes, bytes] = {}
        self._answer_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether the upload has to end: of no rejected line is the result dropped."""
        return self._answer_bytes >= REJECTED_ANSWER_BYTES_MAX or self._holding.is_too_much

    def kept(self, event: Any) -> Any:
        """What is kept of a line until it is told that it was accepted."""
        return event

    async def accepted(self, number: int, event: Any, landing: Landing) -> None:
        """A line was accepted."""

    async def refused(self, number: int, problem: Problem) -> None:
        """A line was rejected, or its outcome is unknown."""
        text = self._problem(problem)
        kept = self._distinct.setdefault(text, text)
        self._numbers.append(number)
        self._problems.append(kept)
        self._answer_bytes += _NUMBER_BYTES + len(kept)
        self._holding.take(_KEPT_LINE_BYTES + (_KEPT_PROBLEM_BYTES + len(kept) if kept is text else 0))

    def pieces(self) -> Iterator[bytes]:
        """The rejected lines as they are answered, some at a time."""
        piece = bytearray()
        for number, problem in zip(self._numbers, self._problems, strict=True):
            piece += _line(number, problem)
            if len(piece) >= SENT_AT_ONCE_BYTES_MAX:
                yield bytes(piece)
                piece.clear()
        yield bytes(piece)

    def _problem(self, problem: Problem) -> bytes:
        return to_json(problem.document(self._request_id))


def _line(number: int, problem: bytes) -> bytes:
    return b'{"line":%d,"problem":%b}\n' % (number, problem)


class ResultsUnreadError(Exception):
    """The client asked for all results and does not read them."""


class ResultWriter:
    """Sends results as the client reads them. `write` waits only while more than the bound is unread.

    The bound is the upload's own, or what all uploads together leave it.
    """

    def __init__(self, send: Send, holding: Holding, *, unread_bytes_max: int, unread_s_max: float) -> None:
        self._send, self._bytes_max, self._s_max = send, unread_bytes_max, unread_s_max
        self._holding = holding
        self._unread = bytearray()
        self._changed = asyncio.Condition()
        self._ended = False
        self._given_up = False

    async def write(self, data: bytes) -> None:
        """Queue a result; once the client was given up, results go nowhere.

        Raises:
            ResultsUnreadError: the client left more than the bound unread, and read nothing for too long.
        """
        if self._given_up:
            return
        async with self._changed:
            self._unread += data
            self._holding.take(len(data))
            self._changed.notify_all()
            await self._read_down_to(self._bytes_max)
            while self._holding.is_too_much:
                await self._read_down_to(len(self._unread) - 1)

    async def end(self) -> None:
        """Say that nothing more comes, and wait until all is sent.

        Raises:
            ResultsUnreadError: the client read nothing for too long.
        """
        async with self._changed:
            self._ended = True
            self._changed.notify_all()
            await self._read_down_to(0)

    async def run(self) -> None:
        """Send what is queued until the end."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._unread or self._ended)
                data = bytes(self._unread[:SENT_AT_ONCE_BYTES_MAX])
            if not data:
                return
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
            async with self._changed:
                del self._unread[: len(data)]
                self._holding.take(-len(data))
                self._changed.notify_all()

    async def _read_down_to(self, bytes_max: int) -> None:
        while len(self._unread) > bytes_max:
            try:
                async with asyncio.timeout(self._s_max):
                    await self._changed.wait()  # nobody but `run` can wake it: some were read
            except TimeoutError:
                self._given_up = True
                raise ResultsUnreadError from None


class AllResults(Results):
    """Sends every line's result as it settles."""

    everything = True

    def __init__(self, request_id: str, writer: ResultWriter, holding: Holding) -> None:
        super().__init__(request_id, holding)
        self._writer = writer

    @property
    def is_full(self) -> bool:
        """Never: the writer waits for room."""
        return False

    def kept(self, event: Any) -> EncodedEvent:
        """The ids of a transaction, without its bytes."""
        encoded: EncodedEvent = event
        return encoded._replace(data=b"")

    async def accepted(self, number: int, event: EncodedEvent, landing: Landing) -> None:
        """A line was accepted."""
        await self._writer.write(b'{"line":%d,' % number + accepted(event, landing)[1:] + b"\n")

    async def refused(self, number: int, problem: Problem) -> None:
        """A line was rejected, or its outcome is unknown."""
        await self._writer.write(_line(number, self._problem(problem)))
