"""Which letters were sent again: for each try an object that says it began, then one that says how it ended.

They are written once and never changed. A try without an end is in doubt: it may have put the record onto the stream.
"""

import json
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from operations.dead_letters.letter_catalogue import Letter
from operations.patience import briefly
from txn_core.aws.objects import ObjectStore
from txn_core.kinesis.landing import Landing
from txn_core.transactions.instants import now

REPLAY_PREFIX: Final = "dead-letter-replays/"

KEYS_MAX: Final = 10_000
"""Keys of a whole record's tries that are listed to show what became of it: ten pages of S3."""

_KEY = re.compile(r"(?P<number>[0-9]{4})-(?P<step>begun|sent|not-stored)[.]json")


class Past(StrEnum):
    """What is known of all tries of a letter together."""

    NEVER = "never"
    IN_DOUBT = "in_doubt"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class History:
    """The tries of a letter so far."""

    past: Past = Past.NEVER
    tries: int = 0


@dataclass(frozen=True, slots=True)
class ReplayLog:
    """The record of replays in the store of the letters; by position, so that both copies of a letter share it."""

    store: ObjectStore

    async def history(self, letter: Letter) -> History:
        """What became of earlier tries; of a letter that holds a whole record, those of all its sub-records.

        Of a whole record the first `KEYS_MAX` keys are looked at: what was tried beyond them is not counted.
        """
        if letter.subs is None:
            steps = await self._steps(_folder(letter))
            return History(_past(steps.values()), max(steps, default=0))
        parts = (await self.of_parts(letter, KEYS_MAX)).values()
        pasts = {part.past for part in parts}
        past = next((past for past in (Past.IN_DOUBT, Past.SENT) if past in pasts), Past.NEVER)
        return History(past, sum(part.tries for part in parts))

    async def of_parts(self, letter: Letter, keys_max: int | None = None) -> dict[str, History]:
        """The tries of each sub-record of the letter's record that was ever tried, by its place, from one listing.

        With `keys_max` the listing ends there, and the last sub-record, whose keys may be cut off, is left out.
        """
        where = letter.position
        of_record = f"{REPLAY_PREFIX}{where.shard_id}-{int(where.sequence_number)}-"
        parts, place, count = dict[str, dict[int, str]](), "", 0
        async for key in self.store.keys(of_record):
            if count == keys_max:
                parts.pop(place, None)
                break
            count += 1
            place, _, step = key.removeprefix(REPLAY_PREFIX).partition("/")
            _note(parts.setdefault(place, {}), step)
        return {place: History(_past(steps.values()), max(steps, default=0)) for place, steps in parts.items()}

    async def _steps(self, folder: str) -> dict[int, str]:
        """How far each try came, by its number."""
        steps: dict[int, str] = {}
        async for key in self.store.keys(folder):
            _note(steps, key.removeprefix(folder))
        return steps

    async def begin(self, letter: Letter, number: int) -> bool:
        """Say that a try begins; false when another process has said so of the same try."""
        says: dict[str, object] = {"letters": [name.key for name in letter.names], "by": secrets.token_hex(8)}
        if await self._put(letter, number, "begun", says):
            return True
        # The answer to our own first attempt may have been lost.
        begun = await briefly("replay log", lambda: self.store.read(_key(letter, number, "begun")))
        return bool(json.loads(begun).get("by") == says["by"])

    async def sent(self, letter: Letter, number: int, landing: Landing) -> None:
        """Say where a try has put the record."""
        where = {
            "shard_id": landing.shard_id,
            "sequence_number": landing.sequence_number,
            "sub_sequence_number": landing.sub_sequence_number,
        }
        await self._put(letter, number, "sent", where)

    async def not_stored(self, letter: Letter, number: int) -> None:
        """Say that a try is known to have put nothing onto the stream."""
        await self._put(letter, number, "not-stored", {})

    async def _put(self, letter: Letter, number: int, step: str, says: dict[str, object]) -> bool:
        body = json.dumps({"schema": 1, "at": now()} | says).encode()
        return await briefly("replay log", lambda: self.store.put_if_absent(_key(letter, number, step), body, {}))


async def sent_places(store: ObjectStore, keys_max: int) -> frozenset[str]:
    """The places whose records were sent again, by the first so many keys of the log.

    Of a letter that holds a whole record these are the places of its sub-records, not its own.
    """
    found, count = set[str](), 0
    async for key in store.keys(REPLAY_PREFIX):
        place, _, step = key.removeprefix(REPLAY_PREFIX).partition("/")
        if (match := _KEY.fullmatch(step)) is not None and match["step"] == "sent":
            found.add(place)
        count += 1
        if count == keys_max:
            break
    return frozenset(found)


def _note(steps: dict[int, str], name: str) -> None:
    """Note how far a try came, by the name of one of its objects."""
    if (match := _KEY.fullmatch(name)) is not None:
        number = int(match["number"])
        steps[number] = match["step"] if steps.get(number, "begun") == "begun" else steps[number]


def _past(steps: Collection[str]) -> Past:
    if "sent" in steps:
        return Past.SENT
    return Past.IN_DOUBT if "begun" in steps else Past.NEVER


def _folder(letter: Letter) -> str:
    return f"{REPLAY_PREFIX}{letter.place}/"


def _key(letter: Letter, number: int, step: str) -> str:
    return f"{_folder(letter)}{number:04d}-{step}.json"
