"""The log of commits: cheap to read however long it is, and refused where it breaks the table's rules."""

import asyncio
import random
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.memory_objects import MemoryObjects, at_once
from tests.warehouse.curated.lakes import adverse_lake, memory_lake, rows_of, table_in
from txn_core.exceptions import StoreError
from txn_core.transactions.instants import Instant
from warehouse.curated.commit_documents import commit_bytes, commit_of, snapshot_bytes, snapshot_of
from warehouse.curated.copy_manifest import copy_manifest
from warehouse.curated.curation import CommitLimits, curate
from warehouse.curated.history import advanced
from warehouse.curated.parquet_table import SNAPSHOT_COMMITS, SNAPSHOTS_PREFIX, ParquetTable
from warehouse.curated.schema import CURATED_COLUMNS
from warehouse.curated.table import Commit, DataFile, RawObject, Snapshot, commit_name

AT = Instant("2026-01-02T03:04:05.678901Z")


class CountingObjects(MemoryObjects):
    """Counts the objects that are read."""

    reads: int = 0

    async def read(self, key: str) -> bytes:
        self.reads += 1
        return await super().read(key)


def append(number: int, *, rows: int = 2, **options: Any) -> Commit:
    key = f"raw/dt=2026-01-01/hr=00/shardId-0-{number}-0.parquet"
    data = (DataFile(f"curated/data/{number:012d}-x-0.parquet", rows, 99, AT, AT, (number,)),)
    given = {"raw": (RawObject(key, 2, 50),), "data": data, "kind": "append", **options}
    return Commit(number=number, attempt="x", committed_at=AT, **given)


def after(*commits: Commit, before: Snapshot | None = None) -> Snapshot:
    return advanced(before or Snapshot(), ((each, "digest") for each in commits))


async def test_a_long_log_costs_the_newest_snapshot_and_the_commits_behind_it() -> None:
    store = CountingObjects()
    writer = ParquetTable(store, at_once)
    for number in range(1, 3 * SNAPSHOT_COMMITS + 6):
        store.objects[commit_name(number)] = commit_bytes(append(number))
        await writer.clear()
    assert len([key for key in store.objects if key.startswith(SNAPSHOTS_PREFIX)]) == 2
    store.reads = 0
    fresh = await ParquetTable(store, at_once).snapshot()
    assert store.reads <= 1 + SNAPSHOT_COMMITS
    whole = after(*(append(number) for number in range(1, 3 * SNAPSHOT_COMMITS + 6)))
    assert fresh.files == whole.files
    assert fresh.raw == whole.raw
    assert list(fresh.appends) == list(whole.appends)
    store.reads = 0
    await writer.snapshot()
    assert store.reads == 0, "what is known is not read again"


async def test_one_table_may_be_asked_by_several_at_once() -> None:
    store = MemoryObjects({commit_name(1): commit_bytes(append(1))}, rng=random.Random(1))
    table = ParquetTable(store, at_once)

    async def look(number: int) -> int:
        store.objects[commit_name(number)] = commit_bytes(append(number))
        return (await table.snapshot()).number

    found = await asyncio.gather(*(look(number) for number in range(2, 9)))
    assert min(found) >= 2
    assert (await table.snapshot()).number == 8


def test_documents_come_back_as_they_went() -> None:
    replacement = Commit(2, "replace", "y", AT, data=append(2).data, removed=tuple(after(append(1)).files))
    assert commit_of(commit_bytes(replacement)) == replacement
    snapshot = after(append(1), replacement)
    assert snapshot.removed
    assert snapshot_of(snapshot_bytes(snapshot)) == snapshot
    assert snapshot_bytes(snapshot_of(snapshot_bytes(snapshot))) == snapshot_bytes(snapshot)


@pytest.mark.parametrize(
    "commit",
    [
        append(3),
        append(2, raw=append(1).raw),
        append(2, raw=(RawObject("a", 1, 1), RawObject("a", 1, 1))),
        append(2, rows=3),
        append(2, kind="replace", raw=(), removed=("curated/data/other.parquet",)),
        append(2, kind="replace", raw=(), rows=1, removed=(append(1).data[0].key,)),
    ],
    ids=["a hole", "taken before", "taken twice", "other rows", "not there", "rows lost"],
)
def test_a_commit_that_breaks_a_rule_is_refused(commit: Commit) -> None:
    with pytest.raises(StoreError):
        after(append(1), commit)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"format": 2}', b'{"format": 1}', b'{"format":1,"raw":[{}]}', b"\xff"]
)
async def test_what_is_no_commit_is_refused_in_one_line(body: bytes) -> None:
    store = MemoryObjects({commit_name(1): body})
    with pytest.raises(StoreError, match=f"format 2|{commit_name(1)} is damaged .*: put it back"):
        await table_in(store).snapshot()
    with pytest.raises(StoreError):
        snapshot_of(body)


async def test_the_commits_say_what_a_damaged_snapshot_said() -> None:
    """Its remedy is to delete it."""
    key = "curated/snapshots/000000000001.json.gz"
    store = MemoryObjects({commit_name(1): commit_bytes(append(1)), key: b"damaged"})
    with pytest.raises(StoreError, match=f"{key} is damaged .*: delete it"):
        await table_in(store).snapshot()
    del store.objects[key]
    assert (await table_in(store).snapshot()).files == after(append(1)).files


async def test_engines_read_the_files_by_position_and_by_name() -> None:
    store = memory_lake(adverse_lake())
    await curate(store, table_in(store), CommitLimits(), at_once)
    snapshot = await table_in(store).snapshot()
    (file,) = snapshot.files.values()
    parquet = pq.ParquetFile(pa.BufferReader(store.objects[file.key]))
    assert parquet.schema_arrow.metadata is None, "no schema beside Parquet's own"
    assert parquet.metadata.format_version == "1.0"
    times = [parquet.schema.column(place) for place, each in enumerate(CURATED_COLUMNS) if each.type == "timestamp"]
    assert {str(each.logical_type) for each in times} == {str(times[0].logical_type)}
    assert "isAdjustedToUTC=false, timeUnit=microseconds" in str(times[0].logical_type)
    rows = await rows_of(store)
    assert file.rows == len(rows)
    moments = [row["arrived_at"].isoformat(timespec="microseconds") + "Z" for row in rows]
    assert (file.first_at, file.last_at) == (min(moments), max(moments))


async def test_duckdb_reads_the_files_with_the_types_of_the_schema(tmp_path: Any) -> None:
    store = memory_lake(adverse_lake()[:2])
    await curate(store, table_in(store), CommitLimits(), at_once)
    (key,) = (await table_in(store).snapshot()).files
    (tmp_path / "x.parquet").write_bytes(store.objects[key])
    with duckdb.connect() as connection:
        found = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(tmp_path / "x.parquet")]).fetchall()
    names = {"text": "VARCHAR", "bigint": "BIGINT", "timestamp": "TIMESTAMP", "boolean": "BOOLEAN"}
    assert [row[:2] for row in found] == [(each.name, names[each.type]) for each in CURATED_COLUMNS]


async def test_a_manifest_names_the_files_of_some_appends_with_their_length() -> None:
    snapshot = after(append(1), append(2), append(3))
    assert len(copy_manifest(snapshot, "lake")["entries"]) == 3
    assert copy_manifest(snapshot, "lake", [2]) == {
        "entries": [
            {
                "url": "s3://lake/curated/data/000000000002-x-0.parquet",
                "mandatory": True,
                "meta": {"content_length": 99},
            }
        ]
    }
