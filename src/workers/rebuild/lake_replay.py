"""The index as a consumer of the lake: a fresh generation is filled with what was archived.

Writing an event again changes nothing, so an object may come twice. What the archive could not hold as a row is in
its dead letters and is taken from there, since the index may be able to: then the outcome is what reading the stream
would have given.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from txn_core.aws.objects import ObjectStore
from txn_core.kinesis.record_batch import RecordBatch, StreamRecord
from txn_core.lake.columns import arrived_of
from txn_core.lake.layout import DEAD_LETTER_PREFIX
from txn_core.lake.reader import SLICE_ROWS_MAX, LakeReader, raw_hours
from workers.events.dead_letters import Seal
from workers.index.index_processor import Index
from workers.rebuild.lake_progress import LakeProgress
from workers.retries import retry_outages

if TYPE_CHECKING:
    import pyarrow as pa

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
        if not await retry_outages("lake parts", self.progress.listed):
            prefixes = await retry_outages("list lake", self._prefixes)
            await retry_outages("lake parts", lambda: self.progress.add(prefixes))
        await LakeReader(self.store, self.progress, self, retry_outages, other=self._take_letter).run()

    async def _prefixes(self) -> list[str]:
        days = [day for folder in _LETTERS async for day in self.store.folders(folder)]
        return [*await raw_hours(self.store), *(f"{day}archive-" for day in days)]

    async def take(self, _: str, tables: "AsyncIterator[pa.Table]") -> None:
        """Write the events of an object."""
        async for table in tables:
            await self._write(await asyncio.to_thread(list, arrived_of(table)))

    async def _take_letter(self, key: str, data: bytes) -> bool:
        """Write what a letter holds; false when it can not be read."""
        letter = self._letter(key, data)
        for at in range(0, len(letter), SLICE_ROWS_MAX):
            await self._write(letter[at : at + SLICE_ROWS_MAX])
        return bool(letter)

    def _letter(self, key: str, data: bytes) -> RecordBatch:
        try:
            return self.seal.open(data).records()
        except ValueError as error:
            _log.error("dead_letter_unreadable", key=key, error=str(error))
            return RecordBatch()

    async def _write(self, records: Sequence[StreamRecord]) -> None:
        await self.index.write_all(records)
        self.index.metrics.records.inc(len(records))
