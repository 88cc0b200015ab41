"""A lake in S3 that grows in stages, curated and compacted, and what a load is offered at each stage."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from devkit.lake_maker import ADVERSE, LakeObject, lake_of, made_bodies, write
from txn_core.aws.objects import ObjectStore
from warehouse.curated.compaction import compact
from warehouse.curated.curation import CommitLimits, curate
from warehouse.curated.parquet_table import ParquetTable
from warehouse.curated.schema import CURATED_SCHEMA
from warehouse.curated.table import Snapshot
from warehouse.curated.table_files import batches
from warehouse.landing.landing_port import LoadBatch

STAGES: Final = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """The curated table after a stage, with the bytes of its files."""

    snapshot: Snapshot
    bodies: Mapping[str, bytes] = field(repr=False)

    @property
    def batch(self) -> LoadBatch:
        """All commits so far: a landing takes what it does not have yet."""
        return LoadBatch(
            tuple(self.snapshot.appends.values()), self.tables, files=tuple(self.snapshot.files.values())
        )

    def tables(self) -> Iterator[pa.Table]:
        """The rows of all files."""
        for body in self.bodies.values():
            yield from batches(body, CURATED_SCHEMA)


async def stages(store: ObjectStore, rows: int, seed: int) -> AsyncIterator[Stage]:
    """An adverse lake: repeats, conflicts, movers, a key change, several currencies, a shard that comes late.

    The last stage is compacted, so that a file holds rows of loaded commits and of new ones.
    """
    objects = lake_of(made_bodies(rows, seed=seed), ADVERSE, seed=seed, rows_per_object=max(8, rows // 24))
    table = ParquetTable(store)
    parts = list(_parts(objects))
    for number, part in enumerate(parts, 1):
        await write(part, store)
        await curate(store, table, CommitLimits(objects=2))
        if number == len(parts):
            await compact(table)
        snapshot = await table.snapshot()
        yield Stage(snapshot, {key: await table.read(file) for key, file in snapshot.files.items()})


def _parts(objects: Sequence[LakeObject]) -> Iterator[Sequence[LakeObject]]:
    size = -(-len(objects) // STAGES)
    return (objects[begin : begin + size] for begin in range(0, len(objects), size))
