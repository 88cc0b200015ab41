"""Curates: raw objects that no commit has taken become the rows of append commits, each of bounded size.

Objects decide what is new, not times: one that appears late, from a shard that lagged, is taken then. Dead letters
are no rows. Whoever ends anywhere leaves files that nobody names, and the next run takes the same objects again.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from txn_core.aws.objects import ObjectEntry, ObjectStore
from txn_core.aws.retry import Retry
from txn_core.lake.layout import RAW_PREFIX
from warehouse.curated.attempts import in_a_few_attempts
from warehouse.curated.commit_rows import rows_of
from warehouse.curated.table import CuratedTable, Snapshot
from warehouse.curated.transformation import Transformation

READS_AT_ONCE: Final = 16

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CommitLimits:
    """How much one append takes at most; at least one object."""

    objects: int = 1_000
    bytes: int = 64 << 20


@dataclass(slots=True)
class Curated:
    """What a run has done.

    Attributes:
        commits: the numbers of its append commits.
        unreadable: objects below `raw/` that are none of the archive's, and why; they are in no commit.
    """

    commits: list[int] = field(default_factory=list)
    objects: int = 0
    rows: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)


async def curate(
    store: ObjectStore,
    table: CuratedTable,
    limits: CommitLimits = CommitLimits(),
    retry: Retry = in_a_few_attempts,
) -> Curated:
    """Take every raw object that is there at the beginning of the run and in no commit yet."""
    done = Curated()
    listed = await raw_objects(store, retry)
    with Transformation.open() as transformation:
        while True:
            snapshot = await table.snapshot()
            batch = batch_of(waiting(listed, snapshot, done.unreadable), limits)
            if not batch:
                return done
            bodies = await _bodies(store, batch, retry)
            rows = await asyncio.to_thread(rows_of, bodies, snapshot.number + 1, transformation)
            for key, reason in rows.unreadable.items():
                _log.error("raw_object_unreadable", key=key, reason=reason)
            done.unreadable |= rows.unreadable
            if rows.raw and await table.append(snapshot, rows.raw, rows.data, rows.vault):
                _log.info("raw_objects_curated", commit=snapshot.number + 1, objects=len(rows.raw))
                done.commits.append(snapshot.number + 1)
                done.objects += len(rows.raw)
                done.rows += sum(each.rows for each in rows.raw)


async def raw_objects(store: ObjectStore, retry: Retry = in_a_few_attempts) -> list[ObjectEntry]:
    """The objects of the raw lake, in the order of their names, which begin with the hour of arrival."""

    async def listed() -> list[ObjectEntry]:
        return [entry async for entry in store.entries(RAW_PREFIX)]

    return await retry("list lake", listed)


def waiting(
    listed: Iterable[ObjectEntry], snapshot: Snapshot, unreadable: Mapping[str, str] | None = None
) -> list[ObjectEntry]:
    """The objects that no commit has taken, but for those that are known to be none."""
    return [each for each in listed if each.key not in snapshot.raw and each.key not in (unreadable or {})]


def batch_of(objects: Iterable[ObjectEntry], limits: CommitLimits) -> list[ObjectEntry]:
    """The first objects that one append takes."""
    batch: list[ObjectEntry] = []
    total = 0
    for each in objects:
        total += each.bytes
        if batch and (total > limits.bytes or len(batch) >= limits.objects):
            break
        batch.append(each)
    return batch


async def _bodies(store: ObjectStore, batch: Sequence[ObjectEntry], retry: Retry) -> dict[str, bytes]:
    limit = asyncio.Semaphore(READS_AT_ONCE)

    async def read(key: str) -> bytes:
        async with limit:
            return await retry("read object", partial(store.read, key))

    keys = [each.key for each in batch]
    return dict(zip(keys, await asyncio.gather(*map(read, keys)), strict=True))
