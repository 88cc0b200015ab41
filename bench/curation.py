"""CPU seconds from raw objects to the curated table, without any server: the sample file, once and many times.

Each copy of the file has shards of its own, so that every position is another one.
"""

import argparse
import asyncio
import resource
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from devkit.lake_maker import LakeObject, lake_of, sample_bodies
from devkit.lake_maker import made_bodies as made

from txn_core.aws.objects import ObjectEntry, ObjectStore
from warehouse.curated.compaction import compact
from warehouse.curated.curation import curate
from warehouse.curated.parquet_table import ParquetTable

SAMPLE = Path(__file__).parents[2] / "shared" / "data" / "kaggle_like_dev.csv.gz"


class Objects(ObjectStore):
    """A bucket in memory."""

    def __init__(self, objects: list[LakeObject], times: int) -> None:
        self._objects = {
            each.key.replace("shardId-0", f"shardId-{copy:02d}"): each.body
            for each in objects
            for copy in range(times)
        }

    async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:  # noqa: ARG002 - kept nowhere
        """Keep an object."""
        return self._objects.setdefault(key, body) is body

    async def read(self, key: str) -> bytes:
        """The bytes of an object."""
        return self._objects[key]

    async def delete(self, key: str) -> None:
        """Forget an object."""
        del self._objects[key]

    async def entries(self, prefix: str, after: str = "") -> AsyncIterator[ObjectEntry]:
        """The objects under a prefix."""
        for key, body in sorted(self._objects.items()):
            if key.startswith(prefix) and key > after:
                yield ObjectEntry(key, len(body))


def cpu_s() -> float:
    """The CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measure(objects: list[LakeObject], times: int) -> None:
    """Curate so many copies of a lake, compact, and say what it took."""
    store = Objects(objects, times)
    table = ParquetTable(store)
    began_s, clock_s = cpu_s(), time.monotonic()
    done = await curate(store, table)
    curated_s, wall_s = cpu_s() - began_s, time.monotonic() - clock_s
    began_s = cpu_s()
    await compact(table)
    compacted_s = cpu_s() - began_s
    snapshot = await table.snapshot()
    size_mb = sum(file.bytes for file in snapshot.files.values()) / 1e6
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{done.rows:>10,} rows of {done.objects:,} objects in {len(done.commits)} commits: {curated_s:.2f} CPU s "
        f"({wall_s:.1f} s on the clock), {len(snapshot.files)} files of {size_mb:.0f} MB; compaction "
        f"{compacted_s:.2f} CPU s; {memory_mb:.0f} MB of memory at most, with the lake"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=24, help="copies of the file in the second measurement")
    parser.add_argument("--rows-per-object", type=int, default=20_000)
    options = parser.parse_args()
    bodies = sample_bodies(SAMPLE) if SAMPLE.exists() else made(200_000)
    objects = lake_of(bodies, rows_per_object=options.rows_per_object)
    for times in (1, options.times):
        asyncio.run(measure(objects, times))


if __name__ == "__main__":
    main()
