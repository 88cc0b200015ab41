"""Dead letters for the API: pages of them, one of them, and sending them again within bounds."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, cast

from operations.dead_letters.lake_bucket import LakeBucket
from operations.dead_letters.letter_catalogue import Catalogue, Letter, Name
from operations.dead_letters.letter_counts import count_letters, first
from operations.dead_letters.replay import Outcome, Outlet, Replay, Result
from operations.dead_letters.replays import ReplayLog
from operations.shapes import (
    LETTERS_MAX,
    DeadLetterFigures,
    DeadLetterShape,
    ReplayCountShape,
    ReplayedOutcome,
    ReplayReport,
)
from txn_core import drains
from txn_core.lake.layout import DEAD_LETTER_PREFIX
from txn_core.printable import printable
from workers.events.dead_letters import Seal
from workers.events.reasons import REASONS, Reason

REPLAY_S_MAX: Final = 5.0
"""After so long no further letter is begun. What has begun is never cut off."""
UNFINISHED: Final = "+"
WHYS_MAX: Final = 8
TEXT_CHARS_MAX: Final = 500
_ID: Final = re.compile(r"(?P<reason>[a-z]+)[.](?P<day>[0-9-]{10})[.](?P<place>[A-Za-z0-9_.-]+)")


def id_of(name: Name) -> str:
    """The id of a letter, as addresses have it."""
    return f"{name.reason}.{name.day}.{name.place}"


def name_of(letter_id: str) -> Name | None:
    """The name of the letter with an id; None when no letter has such an id. The drain in it is the first of all."""
    match = _ID.fullmatch(letter_id)
    worker = next(iter(drains.names()))
    if match is None or match["reason"] not in REASONS:
        return None
    return Name.of(f"{DEAD_LETTER_PREFIX}{match['reason']}/dt={match['day']}/{worker}-{match['place']}.json")


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Some letters, and the id of the last one if there are more."""

    letters: list[DeadLetterShape]
    goes_on_behind: str | None


class LetterDesk:
    """The letters of one bucket. One request at a time reads letters: each may hold a record of 10 MiB."""

    def __init__(self, bucket: LakeBucket, seal: Seal | None, outlet: Outlet) -> None:
        """Send through `outlet`, which needs a `seal`."""
        self.bucket, self._seal, self._outlet = bucket, seal, outlet
        self._turn = asyncio.Lock()

    @property
    def sends(self) -> bool:
        """Whether letters can be opened and sent again."""
        return self.bucket.is_configured and self._seal is not None

    async def counts(self) -> DeadLetterFigures:
        """How many there are."""
        return await count_letters(await self.bucket.store())

    async def page(self, reason: Reason | None, after: Name | None, limit: int) -> LetterPage:
        """Letters of a reason, or of all reasons, behind one of them."""
        async with self._turn:
            store = await self.bucket.store()
            letters = [
                letter async for letter in first(self._dead_letters(Catalogue(store, 1), reason, after), limit + 1)
            ]
            shown = [await _shape(ReplayLog(store), letter) for letter in letters[:limit]]
        return LetterPage(shown, shown[-1].id if len(letters) > limit else None)

    async def letter(self, name: Name) -> DeadLetterShape | None:
        """One letter; None when there is none of that name."""
        async with self._turn:
            store = await self.bucket.store()
            letter = await Catalogue(store, 1).of_key(name.key)
            return None if letter is None else await _shape(ReplayLog(store), letter)

    async def replay_one(self, name: Name) -> ReplayReport | None:
        """Send a letter again, unless it was; None when there is none of that name."""
        async with self._turn:
            replay = await self._replay()
            letter = await Catalogue(replay.store, 1).of_key(name.key)
            return None if letter is None else _report(await replay.of_all(letter, REPLAY_S_MAX))

    async def replay_some(
        self, reason: Reason, after: Name | None, *, unfinished: bool = False
    ) -> tuple[ReplayReport, str | None]:
        """Send letters of a reason again, and the id of the last one if there are more.

        Behind an id stands `UNFINISHED` when that letter itself goes on: it is handed in with `unfinished` then.
        """
        async with self._turn:
            replay = await self._replay()
            ends_s = (now_s := asyncio.get_running_loop().time)() + REPLAY_S_MAX
            results: list[Result] = []
            last, count = None, 0
            async for letter in self._going_on(Catalogue(replay.store, 1), reason, after, unfinished=unfinished):
                if count == LETTERS_MAX or (count and now_s() >= ends_s):
                    return _report(results), last
                found = await replay.of_all(letter, ends_s - now_s())
                last, count = id_of(letter.names[0]), count + 1
                # Where nothing could be sent, a caller would go on with the same letter for ever.
                if found[-1].is_left and any(each.outcome is Outcome.SENT for each in found):
                    return _report(results + found[:-1]), last + UNFINISHED
                results += found
            return _report(results), None

    async def _going_on(
        self, catalogue: Catalogue, reason: Reason, after: Name | None, *, unfinished: bool
    ) -> AsyncIterator[Letter]:
        """The letters behind one of them, that one first if it is unfinished."""
        if unfinished and after is not None and (letter := await catalogue.of_key(after.key)) is not None:
            yield letter
        async for letter in self._dead_letters(catalogue, reason, after):
            yield letter

    @staticmethod
    def _dead_letters(catalogue: Catalogue, reason: Reason | None, after: Name | None) -> AsyncIterator[Letter]:
        if reason is not None:
            return catalogue.dead_letters([reason], None, after)
        begin = 0 if after is None else REASONS.index(after.reason)
        return catalogue.dead_letters(REASONS[begin:], None, after)

    async def _replay(self) -> Replay:
        assert self._seal is not None  # noqa: S101 - `sends` is asked before
        return Replay(await self.bucket.store(), self._seal, self._outlet)


async def _shape(log: ReplayLog, letter: Letter) -> DeadLetterShape:
    history, position = await log.history(letter), letter.position
    return DeadLetterShape(
        id=id_of(letter.names[0]),
        reason=letter.reason,
        codes=[_text(code) for code in letter.codes],
        drains=list(letter.workers),
        shard_id=position.shard_id,
        sequence_number=position.sequence_number,
        sub_sequence_number=position.sub_sequence_number,
        positions=1 if letter.subs is None else len(letter.subs),
        at=letter.envelopes[0].at,
        data_bytes=letter.envelopes[0].data_bytes,
        replay=history.past.value,
        replay_tries=history.tries,
    )


def _report(results: list[Result]) -> ReplayReport:
    counts = Counter(result.outcome for result in results)
    whys = dict.fromkeys(map(_text, dict.fromkeys(result.why for result in results if result.why)))
    return ReplayReport(
        outcomes=[
            ReplayCountShape(outcome=cast("ReplayedOutcome", outcome.value), count=counts[outcome])
            for outcome in Outcome
            if counts[outcome]
        ],
        why=list(whys)[:WHYS_MAX],
        next_cursor=None,
    )


def _text(text: str) -> str:
    """A text that a name of a foreign record may stand in, without signs that act on whatever shows it."""
    return printable(text)[:TEXT_CHARS_MAX]
