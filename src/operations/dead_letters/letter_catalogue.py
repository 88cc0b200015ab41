"""The dead letters of a lake, page by page: however many there are, a few are in memory.

Both kinds of workers may have left a letter of one position, each its own. They are one letter here, with two copies.
A letter that holds a whole record stands for several positions; any of them finds it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self, TypeVar, cast

from txn_core import drains
from txn_core.aws.objects import ObjectStore
from txn_core.exceptions import StoreError
from txn_core.lake.layout import DEAD_LETTER_PREFIX
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.instants import datetime_of
from workers.events.dead_letters import Envelope
from workers.events.reasons import REASONS, Reason
from workers.leases.sub_records import SubRecords

T = TypeVar("T")
LARGE_BYTES_MIN: Final = 64 << 10

AT_ONCE: Final = 16
"""Letters that are read at once; each holds a record of the stream."""

_KEY = re.compile(
    rf"{DEAD_LETTER_PREFIX}(?P<reason>{'|'.join(REASONS)})/dt=(?P<day>[0-9-]{{10}})/"
    r"(?P<worker>[a-z0-9_]+)-"
    r"(?P<place>(?P<shard>.+)-(?P<number>[0-9]+)-(?P<sub>[0-9]+)(?P<count>x[0-9]+)?)[.]json"
)


@dataclass(frozen=True, slots=True)
class Name:
    """What the key of a letter says. `place` is the position as keys write it, with the count of a whole record's.

    `position` is the first that the letter stands for, and the only one unless it `holds_record`.
    """

    reason: Reason
    day: str
    worker: str
    place: str
    position: Position
    holds_record: bool = False

    @classmethod
    def of(cls, key: str) -> Self | None:
        """The name; none when no letter is called so."""
        if (match := _KEY.fullmatch(key)) is None or match["worker"] not in drains.REGISTRY:
            return None
        position = Position(ShardId(match["shard"]), SequenceNumber(match["number"]), int(match["sub"]))
        reason, whole = cast("Reason", match["reason"]), match["count"] is not None
        return cls(reason, match["day"], match["worker"], match["place"], position, whole)

    @property
    def key(self) -> str:
        """The key again."""
        return f"{_folder(self.reason)}dt={self.day}/{self.worker}-{self.place}.json"


@dataclass(frozen=True, slots=True)
class Letter:
    """What was kept of one position for one reason: a copy from each kind of worker that could not process it.

    A letter that holds a whole record is one for all of its `parts`; of a part, `sub` says which one it is.
    """

    names: tuple[Name, ...]
    envelopes: tuple[Envelope, ...]
    sub: int | None = None

    @property
    def reason(self) -> Reason:
        """Why it was kept."""
        return self.names[0].reason

    @property
    def place(self) -> str:
        """The position as keys write it."""
        return self.names[0].place if self.sub is None else _place(self.position)

    @property
    def position(self) -> Position:
        """Where the record stood on the stream; of a whole record, the first sub-record that is meant."""
        first = self.envelopes[0].origin.position
        return first if self.sub is None else replace(first, sub_sequence_number=self.sub)

    @property
    def subs(self) -> SubRecords | None:
        """The sub-records of a whole record that the letter stands for; None for one position."""
        return self.envelopes[0].origin.subs if self.sub is None else None

    def parts(self) -> "Iterator[Letter]":
        """A letter for each position that this one stands for; they share its objects."""
        return iter((self,)) if self.subs is None else (replace(self, sub=sub) for sub in self.subs)

    @property
    def at(self) -> datetime:
        """When the record arrived, or for a conflict when the event was accepted."""
        return datetime_of(self.envelopes[0].at)

    @property
    def workers(self) -> tuple[str, ...]:
        """The kinds of workers that left a copy."""
        return tuple(name.worker for name in self.names)

    @property
    def codes(self) -> tuple[str, ...]:
        """What exactly was wrong, as each kind of worker put it; once if they agree."""
        return tuple(dict.fromkeys(envelope.code for envelope in self.envelopes))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The letters of one store, of which so many are read at once."""

    store: ObjectStore
    at_once: int = AT_ONCE

    async def dead_letters(
        self, reasons: Sequence[Reason], since: datetime | None, after: Name | None = None
    ) -> AsyncIterator[Letter]:
        """The letters of some reasons, of records that arrived since a moment: by reason, then by day, oldest first.

        With `after` they begin behind a letter of the first of the reasons.

        Raises:
            StoreError: what is called like a letter is none.
        """
        for reason in reasons:
            behind = after if after is not None and after.reason == reason else None
            async for names in in_batches(self._names(reason, since, behind), self.at_once):
                for letter in await asyncio.gather(*map(self._read, names)):
                    if since is None or letter.at >= since:
                        yield letter

    async def at(self, position: Position) -> list[Letter]:
        """The letters of one position, for whichever reasons; looks through all days.

        Raises:
            StoreError: what is called like a letter is none.
        """
        found: list[Letter] = []
        for reason in REASONS:
            async for days in in_batches(self.store.folders(_folder(reason))):
                for dead_letters in await asyncio.gather(*(self._at(day, position) for day in days)):
                    found += dead_letters
        return found

    async def _at(self, day: str, position: Position) -> list[Letter]:
        """The letters of one position in the folder of a day."""
        start = f"{position.shard_id}-{int(position.sequence_number)}-"
        listings = [self._of_worker(f"{day}{worker}-{start}") for worker in drains.names()]
        found: list[Letter] = []
        async for names in _merged(listings):
            if names[0].holds_record:
                letter = await self._read(names)
                found += [letter] if letter.subs and position.sub_sequence_number in letter.subs else []
            elif names[0].place == _place(position):
                found.append(await self._read(names))
        return found

    async def of_key(self, key: str) -> Letter | None:
        """The letter with this key and its copy; none when there is no such object.

        Raises:
            StoreError: it is no letter.
        """
        if (name := Name.of(key)) is None:
            return None
        copies = [replace(name, worker=worker) for worker in drains.names()]
        there = [copy for copy in copies if await self.store.find(copy.key) is not None]
        return await self._read(tuple(there)) if there else None

    async def _names(
        self, reason: Reason, since: datetime | None, after: Name | None
    ) -> AsyncIterator[tuple[Name, ...]]:
        first_day = "" if after is None else f"dt={after.day}/"
        earliest = max(first_day, "" if since is None else f"dt={since:%Y-%m-%d}/")
        async for day in self.store.folders(_folder(reason)):
            if (in_folder := day.removeprefix(_folder(reason))) >= earliest:
                behind = after if in_folder == first_day else None
                async for names in _merged([self._of_worker(f"{day}{worker}-", behind) for worker in drains.names()]):
                    yield names

    async def _of_worker(self, prefix: str, after: Name | None = None) -> AsyncIterator[Name]:
        start = "" if after is None else f"{prefix}{after.place}.json"
        async for entry in self.store.entries(prefix, start):
            if (name := Name.of(entry.key)) is not None:
                yield name

    async def _read(self, names: tuple[Name, ...]) -> Letter:
        return Letter(names, tuple([await self._envelope(name.key) for name in names]))

    async def _envelope(self, key: str) -> Envelope:
        document = await self.store.read(key)
        try:
            # A letter holds up to a record of 10 MiB, whose reading would hold up all else in a process.
            return await off_loop(Envelope.of, document)
        except ValueError as error:
            raise StoreError(f"{key}: {error}") from None


async def off_loop(read: Callable[[bytes], T], document: bytes) -> T:
    """What a function makes of a document; of a large one, in another thread."""
    return read(document) if len(document) < LARGE_BYTES_MIN else await asyncio.to_thread(read, document)


def _place(position: Position) -> str:
    return f"{position.shard_id}-{int(position.sequence_number)}-{position.sub_sequence_number}"


def _folder(reason: Reason) -> str:
    return f"{DEAD_LETTER_PREFIX}{reason}/"


async def _merged(listings: Sequence[AsyncIterator[Name]]) -> AsyncIterator[tuple[Name, ...]]:
    """The names of ordered listings, those of one place together."""
    heads = [await anext(listing, None) for listing in listings]
    while any(heads):
        # The store orders whole keys: a place is followed by a dot there, which comes after a hyphen.
        first = min(f"{head.place}." for head in heads if head)
        now = [head is not None and f"{head.place}." == first for head in heads]
        yield tuple(head for head, is_now in zip(heads, now, strict=True) if head and is_now)
        heads = [
            await anext(listing, None) if is_now else head
            for listing, head, is_now in zip(listings, heads, now, strict=True)
        ]


async def in_batches(items: AsyncIterator[T], at_once: int = AT_ONCE) -> AsyncIterator[list[T]]:
    """The items in their order, so many together; the last of them are fewer."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == at_once:
            yield batch
            batch = []
    if batch:
        yield batch
