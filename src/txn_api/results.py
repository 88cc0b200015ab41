"""Where the results of an upload's lines go.

By default the rejected lines are answered when the upload is over, since a client that does not read while it sends
would deadlock on anything longer than the socket buffers. With `results=all` every line is answered as it settles;
results that the client does not read stop the reading of lines, and after a while end the connection.
"""

import asyncio
from typing import Final

from pydantic_core import to_json
from starlette.types import Send

from txn_api.acknowledgement import accepted
from txn_api.problems import Problem
from txn_core.event import EncodedEvent
from txn_core.kinesis.landing import Landing

UNREAD_BYTES_MAX: Final = 1 << 20
UNREAD_S_MAX: Final = 30.0
SENT_AT_ONCE_BYTES_MAX: Final = 64 << 10  # small enough that a slow reader is seen to read


class Results:
    """Where the lines' results go; this one keeps the rejected lines until the upload is over."""

    everything = False
    """Whether it is to be told of lines that were accepted."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self.kept = bytearray()

    async def accepted(self, number: int, event: EncodedEvent, landing: Landing) -> None:
        """A line was accepted."""

    async def refused(self, number: int, problem: Problem) -> None:
        """A line was rejected, or its outcome is unknown."""
        self.kept += self._refused_line(number, problem)

    def _refused_line(self, number: int, problem: Problem) -> bytes:
        return to_json({"line": number, "problem": problem.document(self._request_id)}) + b"\n"


class ResultsUnreadError(Exception):
    """The client asked for all results and does not read them."""


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
            ResultsUnreadError: the client left more than the bound unread, and read nothing for too long.
        """
        if self._given_up:
            return
        async with self._changed:
            self._unread += data
            self._changed.notify_all()
            await self._read_down_to(self._bytes_max)

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

    def __init__(self, request_id: str, writer: ResultWriter) -> None:
        super().__init__(request_id)
        self._writer = writer

    async def accepted(self, number: int, event: EncodedEvent, landing: Landing) -> None:
        """A line was accepted."""
        await self._writer.write(b'{"line":%d,' % number + accepted(event, landing)[1:] + b"\n")

    async def refused(self, number: int, problem: Problem) -> None:
        """A line was rejected, or its outcome is unknown."""
        await self._writer.write(self._refused_line(number, problem))
