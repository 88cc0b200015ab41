"""A process that curates is killed on a real S3 server: what it has committed stays, and nothing comes twice."""

import asyncio
import signal
import sys

import pytest
from devkit.lake_maker import write

from tests.support.memory_objects import MemoryObjects
from tests.warehouse.curated.lakes import adverse_lake, assert_once
from txn_core.aws.clients import Aws
from txn_core.settings import Settings
from warehouse.curated.compaction import compact
from warehouse.curated.curation import CommitLimits, curate
from warehouse.curated.parquet_table import DATA_PREFIX, ParquetTable

BEHIND_ITS_FILES, BEHIND_ITS_COMMIT = 2, 3


async def killed(settings: Settings, *writes: int) -> None:
    """Processes that end behind so many writes, one behind the other."""
    command = (sys.executable, "-m", "tests.warehouse.curated.killed_curation", str(settings.s3_endpoint_url))
    process = await asyncio.create_subprocess_exec(
        *(*command, settings.lake_bucket, *map(str, writes)), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(120):
        out, _ = await process.communicate()
    assert out.split() == [b"%d" % -signal.SIGKILL] * len(writes)


async def test_a_killed_curator_leaves_whole_commits_and_the_next_one_goes_on(settings: Settings) -> None:
    async with Aws(settings).s3() as s3, Aws(settings).lake() as store:
        await s3.create_bucket(Bucket=settings.lake_bucket)
        await write(adverse_lake(), store)
        table = ParquetTable(store)
        await killed(settings, BEHIND_ITS_FILES, BEHIND_ITS_COMMIT)
        snapshot = await table.snapshot()
        assert snapshot.number == 1, "the first one committed nothing, the second one once"
        left = {key async for key in store.keys(DATA_PREFIX)}
        assert (len(left), len(snapshot.files)) == (2, 1), "the first one's file is there, and nothing names it"
        await asyncio.gather(*(curate(store, ParquetTable(store), CommitLimits(objects=1)) for _ in range(2)))
        assert (await compact(table)).merged
        await table.clear()
        await assert_once(MemoryObjects({key: await store.read(key) async for key in store.keys("")}))
        snapshot = await table.snapshot()
        left = {key async for key in store.keys(DATA_PREFIX)}
        assert left == snapshot.files.keys() | {key for key in snapshot.removed if key.startswith(DATA_PREFIX)}


@pytest.mark.parametrize("after", ["", "b"])
async def test_a_store_lists_what_comes_after_a_key_with_its_size_and_deletes(settings: Settings, after: str) -> None:
    async with Aws(settings).s3() as s3, Aws(settings).lake() as store:
        await s3.create_bucket(Bucket=settings.lake_bucket)
        for key, body in {"x/a": b"1", "x/b": b"22", "x/c": b"333", "y": b"4"}.items():
            await store.put_if_absent(key, body, {})
        found = [tuple(entry) async for entry in store.entries("x/", f"x/{after}" if after else "")]
        assert found == ([("x/a", 1), ("x/b", 2), ("x/c", 3)] if not after else [("x/c", 3)])
        await store.delete("x/c")
        await store.delete("x/c")
        assert [key async for key in store.keys("x/")] == ["x/a", "x/b"]
