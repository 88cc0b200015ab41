"""Reads the lake into a fresh generation of the index: hour by hour, object by object, a slice of rows at a time.

Any number of processes may do so at once, and may end anywhere: progress is kept by object, and writing an event
again changes nothing. What the archive could not hold as a row is in its dead letters and is taken from there, since
the index may be able to: then the outcome is what reading the stream would have given.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from txn_core.kinesis.record_batch import Arrived, Stretch
from txn_core.lake import DEAD_LETTER_PREFIX, RAW_PREFIX, arrived_of, slices
from txn_core.objects import ObjectStore
from workers.events.dead_letters import Seal
from workers.index.processor import Index
from workers.rebuild.lake_progress import LakeProgress, Part
from workers.retries import patiently

if TYPE_CHECKING:
    import pyarrow as pa

SLICE_ROWS_MAX: Final = 1_000
# What the archive refused may be an event by today's rules, or one that the index can write.
_LETTERS: Final = tuple(f"{DEAD_LETTER_PREFIX}{reason}/" for reason in ("undecodable", "unwritable"))

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LakeReplay:
    """One process that reads the lake into the index."""

    store: ObjectStore
    seal: Seal
    index: Index
    progress: LakeProgress

    async def run(self) -> None:
        """Read until all of the lake is in the index, whoever has read it."""
        snapshot = await patiently("lake snapshot", self.progress.snapshot)
        if snapshot is None or not snapshot.listed:
            prefixes = await patiently("list lake", self._prefixes)
            await patiently("lake parts", lambda: self.progress.add(prefixes))
        while part := await self._next():
            await self._replay(part)
        _log.info("lake_read")

    async def _prefixes(self) -> list[str]:
        days = [day async for day in self.store.folders(RAW_PREFIX)]
        hours = [hour for day in days for hour in await _all(self.store.folders(day))]
        letters = [f"{day}archive-" for folder in _LETTERS for day in await _all(self.store.folders(folder))]
        return hours + letters

    async def _next(self) -> Part | None:
        """A part that is now ours: the first unclaimed one, or at the end one that its claimant is not done with.

        Whoever claimed it may have ended. If not, both go on behind the last object that either has done.
        """
        while left := [part for part in await patiently("lake parts", self.progress.parts) if not part.complete]:
            unclaimed = next((part for part in left if not part.claimed), None)
            if unclaimed is None:
                return random.choice(left)  # noqa: S311 - spreads the helpers, guards nothing
            if await patiently("lake part", lambda part=unclaimed: self.progress.claim(part)):  # type: ignore[misc]
                return unclaimed
        return None

    async def _replay(self, part: Part) -> None:
        keys = await patiently("list lake", lambda: _all(self.store.keys(part.prefix)))
        for key in keys:
            if key > await patiently("lake part", lambda: self.progress.done_to(part)):
                if not await self._replay_object(key):
                    await patiently("lake part", lambda: self.progress.note_unreadable(part))
                await patiently("lake part", lambda key=key: self.progress.advance(part, key))  # type: ignore[misc]
        await patiently("lake part", lambda: self.progress.complete(part))
        _log.info("lake_part_read", part=part.prefix, objects=len(keys))

    async def _replay_object(self, key: str) -> bool:
        """Write what an object holds; false when it is a letter that can not be read."""
        data = await patiently("read object", lambda: self.store.read(key))
        if not key.startswith(RAW_PREFIX):
            letter = self._letter(key, data)
            for at in range(0, len(letter), SLICE_ROWS_MAX):
                await self._write(letter[at : at + SLICE_ROWS_MAX])
            return bool(letter)
        rows = slices(data, SLICE_ROWS_MAX)
        while (table := await asyncio.to_thread(next, rows, None)) is not None:
            await self._write(await asyncio.to_thread(_records, table))
        return True

    def _letter(self, key: str, data: bytes) -> Stretch:
        try:
            return self.seal.open(data).records()
        except ValueError as error:
            _log.error("dead_letter_unreadable", key=key, error=str(error))
            return Stretch()

    async def _write(self, records: Sequence[Arrived]) -> None:
        await self.index.write_all(records)
        self.index.meters.records.inc(len(records))


def _records(table: "pa.Table") -> list[Arrived]:
    return list(arrived_of(table))


async def _all(names: AsyncIterator[str]) -> list[str]:
    return [name async for name in names]
