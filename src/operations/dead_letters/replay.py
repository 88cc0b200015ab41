"""Putting letters onto the stream again, once what was wrong with them is mended.

Only what is an event by today's rules is sent, with the very same bytes, through the producer. A record has a new
position then: the index takes it as it takes every repeat (the first write of an id wins), the lake as one more row.
Of a letter that holds a whole record, those sub-records are sent, each by itself, that are events by now.
"""

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final, Protocol

from operations.dead_letters.letter_catalogue import AT_ONCE, Letter, off_loop
from operations.dead_letters.replays import History, Past, ReplayLog
from txn_core.aws.objects import ObjectStore
from txn_core.exceptions import EventError, NotStoredError, OutcomeUnknownError
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.record_batch import StreamRecord
from workers.events.dead_letters import Seal
from workers.events.decoding import decode

DECODED_AT_ONCE: Final = 512
"""Sub-records that are decoded in another thread before the event loop goes on with them."""


class Outlet(Protocol):
    """The way to the stream; a `Producer` is one."""

    def offer(self, key: str, data: bytes) -> "asyncio.Future[Landing] | None":
        """Hand over a record, or none when there is no room."""

    async def room(self, key: str) -> None:
        """Wait until there may be room."""


class Outcome(StrEnum):
    """What became of a letter."""

    SENT = "sent"
    SENDABLE = "sendable"
    CONFLICT = "conflict"
    UNDECODABLE = "undecodable"
    UNOPENABLE = "unopenable"
    REPLAYED = "replayed"
    IN_DOUBT = "in_doubt"
    NOT_STORED = "not_stored"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a letter, why it is so, and where the record stands now if it was sent."""

    letter: Letter
    outcome: Outcome
    why: str = ""
    landing: Landing | None = None
    is_left: bool = False
    """Whether it stands for the sub-records that no time was left for: send the letter again."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How letters are sent again. Without an outlet nothing is sent and nothing written.

    `again` also sends what was sent before, or may have been.
    """

    store: ObjectStore
    seal: Seal
    outlet: Outlet | None
    again: bool = False

    async def of_all(self, letter: Letter, lasting_s: float = math.inf) -> list[Result]:
        """Send what a letter stands for: a result, or of a whole record one for each sub-record that is an event.

        What of a whole record is still no event has one result together, and so has what is left after `lasting_s`
        seconds of sending. What has begun is never cut off, also when the caller is: it would be in doubt for good.
        """
        if letter.subs is None:
            return [await asyncio.shield(self.of(letter))]
        try:
            records = await self._opened(letter)
        except ValueError as error:
            return [Result(letter, Outcome.UNOPENABLE, str(error))]
        tried = await ReplayLog(self.store).of_parts(letter)
        parts, results = letter.parts(), list[Result]()
        events, faults = list[tuple[Letter, StreamRecord]](), list[str]()
        for at in range(0, len(records), DECODED_AT_ONCE):
            piece = records[at : at + DECODED_AT_ONCE]
            # The loop turns in between: a record may have 100,000 sub-records, and decoding them takes seconds.
            read = await asyncio.to_thread(_decoded, piece)
            for part, record, fault in zip(islice(parts, len(piece)), piece, read, strict=True):
                history = tried.get(part.place, History())
                if fault is None and (refused := self._refused(part, history.past)) is not None:
                    results.append(refused)
                elif fault is None:
                    events.append((part, record))
                else:
                    faults.append(fault)
        left = list[Result]()
        ends_s = (now_s := asyncio.get_running_loop().time)() + lasting_s
        for at in range(0, len(events), AT_ONCE):
            if at and now_s() >= ends_s:
                why = f"{len(events) - at} of {len(records)} sub-records are left: send the letter again"
                left.append(Result(letter, Outcome.NOT_STORED, why, is_left=True))
                break
            batch = events[at : at + AT_ONCE]
            results += await asyncio.shield(asyncio.gather(*(self.of(part, record) for part, record in batch)))
        if faults:
            why = f"{len(faults)} of {len(records)} sub-records: {faults[0]}"
            results.append(Result(letter, Outcome.UNDECODABLE, why))
        return results + left

    async def of(self, letter: Letter, opened: StreamRecord | None = None) -> Result:
        """Send the record of one position, if it may be sent; read from the store unless it is opened already."""
        history = await ReplayLog(self.store).history(letter)
        if (refused := self._refused(letter, history.past)) is not None:
            return refused
        try:
            record = (await self._opened(letter))[0] if opened is None else opened
            event = decode(record).event
        except ValueError as error:
            return Result(letter, Outcome.UNOPENABLE, str(error))
        except EventError as error:
            return Result(letter, Outcome.UNDECODABLE, str(error))
        if self.outlet is None:
            return Result(letter, Outcome.SENDABLE)
        return await self._sent(self.outlet, letter, event.card_id, record.data, history.tries + 1)

    def _refused(self, letter: Letter, past: Past) -> Result | None:
        if letter.reason == "conflict":
            return Result(letter, Outcome.CONFLICT, "its id has other content; sent again it conflicts again")
        if self.again or past is Past.NEVER:
            return None
        if past is Past.SENT:
            return Result(letter, Outcome.REPLAYED, "was sent before")
        return Result(letter, Outcome.IN_DOUBT, "an earlier try may have sent it")

    async def _opened(self, letter: Letter) -> Sequence[StreamRecord]:
        """What a letter stands for; all copies hold the same bytes."""
        document = await self.store.read(letter.names[0].key)
        return await off_loop(lambda sealed: self.seal.open(sealed).records(), document)

    async def _sent(self, outlet: Outlet, letter: Letter, key: str, data: bytes, number: int) -> Result:
        """Send, between saying that it begins and saying how it ended: a process that ends here leaves a doubt."""
        log = ReplayLog(self.store)
        if not await log.begin(letter, number):
            return Result(letter, Outcome.IN_DOUBT, "another process is sending it")
        try:
            landing = await _put(outlet, key, data)
        except NotStoredError as error:
            await log.not_stored(letter, number)
            return Result(letter, Outcome.NOT_STORED, str(error))
        except OutcomeUnknownError as error:
            return Result(letter, Outcome.IN_DOUBT, str(error))
        await log.sent(letter, number, landing)
        return Result(letter, Outcome.SENT, landing=landing)


def _decoded(records: Iterable[StreamRecord]) -> list[str | None]:
    """Of each record why it is no event by today's rules; None when it is one."""
    return [_fault(record) for record in records]


def _fault(record: StreamRecord) -> str | None:
    try:
        decode(record)
    except EventError as error:
        return str(error)
    return None


async def _put(outlet: Outlet, key: str, data: bytes) -> Landing:
    """Put a record as bulk uploads do: whenever there is room."""
    while (landing := outlet.offer(key, data)) is None:
        await outlet.room(key)
    return await landing
