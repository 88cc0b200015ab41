"""Reads the lake for one consumer: part by part, object by object, a table of some rows at a time, into its sink.

Any number of processes may read for a consumer at once, and may end anywhere: progress is kept by object, and the
sink must bear to get an object again. What the sink is (an index, a warehouse, a training set) is nothing to the
reader. How long outages of the stores are waited out decides whoever hands in `retry`.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from txn_core.aws.objects import ObjectStore
from txn_core.aws.retry import Retry
from txn_core.lake.layout import RAW_PREFIX
from txn_core.lake.parquet import slices
from txn_core.lake.progress import ConsumerProgress, Part

if TYPE_CHECKING:
    import pyarrow as pa

SLICE_ROWS_MAX: Final = 1_000

_log = structlog.get_logger(__name__)


class Sink(Protocol):
    """Where a consumer's rows go."""

    async def take(self, key: str, tables: "AsyncIterator[pa.Table]") -> None:
        """Make all rows of an object durable; on return they are. The object may have been taken before."""


@dataclass(frozen=True, slots=True)
class LakeReader:
    """One process that reads for a consumer.

    `other` takes the objects that are no Parquet, where the consumer has parts with such; false when it cannot read
    one.
    """

    store: ObjectStore
    progress: ConsumerProgress
    sink: Sink
    retry: Retry
    other: Callable[[str, bytes], Awaitable[bool]] | None = None
    rows_max: int = SLICE_ROWS_MAX

    async def run(self) -> None:
        """Read until every part that was added is done, whoever has read it."""
        while part := await self._next():
            await self._read(part)
        _log.info("lake_read")

    async def _next(self) -> Part | None:
        """A part that is now ours: the first unclaimed one, or at the end one that its claimant is not done with.

        Whoever claimed it may have ended. If not, both go on behind the last object that either has done.
        """
        while left := [part for part in await self.retry("lake parts", self.progress.parts) if not part.complete]:
            if (unclaimed := next((part for part in left if not part.claimed), None)) is None:
                return random.choice(left)  # noqa: S311 - spreads the processes, guards nothing
            if await self.retry("lake part", partial(self.progress.claim, unclaimed)):
                return unclaimed
        return None

    async def _read(self, part: Part) -> None:
        keys = await self.retry("list lake", lambda: _all(self.store.keys(part.prefix)))
        for key in keys:
            if key > await self.retry("lake part", partial(self.progress.done_to, part)):
                if not await self._read_object(key):
                    await self.retry("lake part", partial(self.progress.note_unreadable, part))
                await self.retry("lake part", partial(self.progress.advance, part, key))
        await self.retry("lake part", partial(self.progress.complete, part))
        _log.info("lake_part_read", part=part.prefix, objects=len(keys))

    async def _read_object(self, key: str) -> bool:
        """Give an object to the sink; false when it cannot be read."""
        data = await self.retry("read object", partial(self.store.read, key))
        if key.startswith(RAW_PREFIX):
            await self.sink.take(key, _tables(data, self.rows_max))
            return True
        if self.other is None:
            raise ValueError(f"this consumer reads no objects like {key}")
        return await self.other(key, data)


async def raw_hours(store: ObjectStore) -> list[str]:
    """The prefix of each hour for which the lake has rows, in the order of time."""
    return [hour for day in await _all(store.folders(RAW_PREFIX)) for hour in await _all(store.folders(day))]


async def _tables(data: bytes, rows_max: int) -> "AsyncIterator[pa.Table]":
    """The rows of a Parquet file in slices, each made in a thread."""
    rows = slices(data, rows_max)
    while (table := await asyncio.to_thread(next, rows, None)) is not None:
        yield table


async def _all(names: AsyncIterator[str]) -> list[str]:
    return [name async for name in names]
