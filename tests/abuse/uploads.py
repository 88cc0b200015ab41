"""Whole uploads of one line over and over: split, admitted or refused, its result kept and written at the end.

What takes an accepted line to the stream stands still here: it would make ordinary lines dearer, and so everything
else look cheap.
"""

import asyncio
import weakref
from functools import partial
from typing import Any, Final, cast

from starlette.types import Message

from tests.abuse.lines import BYTES_MAX, Lines
from txn_api.writes.bulk_upload import Upload
from txn_api.writes.encodings import Decoder
from txn_api.writes.fair_memory import Holding, Memories
from txn_api.writes.results import Results
from txn_api.writes.turns import Turns
from txn_core.kinesis.landing import Landing
from txn_core.positions import SequenceNumber, ShardId

LINES: Final = 32
_DEADLINE_S: Final = 60.0
_LANDING: Final = Landing(ShardId("shardId-000000000000"), SequenceNumber("1"))


class _Landed:
    """A producer whose stream has everything at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._landing = loop.create_future()
        self._landing.set_result(_LANDING)

    def offer(self, *_: object) -> "asyncio.Future[Landing]":
        return self._landing


class Uploads(Lines):
    """The target: the same lines, and what each of them takes of an upload."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        weakref.finalize(self, self._loop.close)
        self._producer = _Landed(self._loop)
        self._admit = partial(self._intake.admit, account=self._account, request_text="")

    def run(self, data: bytes) -> None:
        """An upload of `LINES` lines, up to the last byte of its answer."""
        self._loop.run_until_complete(self._uploaded(data.replace(b"\n", b" ")))

    async def _uploaded(self, line: bytes) -> None:
        pieces = [(line + b"\n") * LINES]
        memories = Memories()

        async def receive() -> Message:
            return {"type": "http.request", "body": pieces.pop() if pieces else b"", "more_body": bool(pieces)}

        upload = Upload(
            admitting=lambda: self._admit,
            producer=cast("Any", self._producer),
            receive=receive,
            decoder=Decoder("identity", content_bytes_max=1 << 30),
            stopping=self._loop.create_future(),
            line_bytes_max=BYTES_MAX,
            lines_in_flight_max=1_000,
            body_deadline_s=_DEADLINE_S,
            turn=partial(Turns(lambda: 0.0, lambda: 0.0).turn, "abuse"),
            in_flight=Holding(memories.in_flight, "abuse"),
            decompression=Holding(memories.decompression, "abuse"),
        )
        results = Results("req_1", Holding(memories.rejected, "abuse"))
        await upload.run(results)
        self.answer = b"".join(results.pieces()) + upload.totals.line(upload.receipt_id)
