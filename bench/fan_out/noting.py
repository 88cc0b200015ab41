"""A drain that notes when it was handed each record. It stands in for all three, so that no view's speed matters."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from txn_core.drains import ARCHIVE, INDEX, REGISTRY, DrainDefinition
from txn_core.positions import Position
from workers.context import DrainContext
from workers.drain import Cursor, Drain
from workers.metrics import ShardLag
from workers.reading.reader import Batch

THIRD: Final = "third"
DRAINS: Final = (INDEX.name, ARCHIVE.name, THIRD)
CHECKPOINT_S: Final = 1.0


@dataclass(slots=True)
class Handed:
    """When one drain was handed records, in monotonic seconds by sequence number."""

    at_s: dict[str, float] = field(default_factory=dict)

    async def open(self, _: DrainContext) -> Drain:
        """The drain as a host opens it."""
        return Drain(partial(_Noting, self))


class _Noting:
    """What becomes of the shard's records: their times, and a checkpoint now and then."""

    def __init__(self, handed: Handed, cursor: Cursor, lag: ShardLag) -> None:
        self._handed, self._cursor, self._lag = handed, cursor, lag
        self._last: Position | None = None
        self._checkpointed_s = time.monotonic()

    async def take(self, batch: Batch) -> None:
        """Note the records."""
        now_s = time.monotonic()
        self._lag.has_read(batch)
        for record in batch.records:
            self._handed.at_s[record.position.sequence_number] = now_s
            self._last = record.position
        if now_s - self._checkpointed_s >= CHECKPOINT_S:
            await self.finish()

    async def finish(self) -> None:
        """Checkpoint."""
        if self._last is not None:
            await self._cursor.advance(self._last)
        self._last, self._checkpointed_s = None, time.monotonic()

    def abandon(self) -> None:
        """Nothing is held."""


@contextmanager
def registered() -> Iterator[None]:
    """A third drain besides the index and the archive, for the time of the block."""
    REGISTRY[THIRD] = DrainDefinition(THIRD, "bench.fan_out.noting:Handed")
    try:
        yield
    finally:
        del REGISTRY[THIRD]
