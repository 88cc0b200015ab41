"""Small lakes in memory, and what has to hold of the curated table whatever happened to it."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa
from devkit.lake_maker import ADVERSE, LakeObject, lake_of, made_bodies

from tests.support.memory_objects import MemoryObjects, at_once
from txn_core.lake.layout import RAW_PREFIX
from txn_core.lake.parquet import read_parquet
from warehouse.curated.commit_documents import commit_of
from warehouse.curated.parquet_table import ParquetTable
from warehouse.curated.schema import CURATED_SCHEMA, VAULT_SCHEMA
from warehouse.curated.table import COMMITS_PREFIX, Snapshot

PLACE = ["shard_id", "sequence_number", "sub_sequence_number"]


@cache
def adverse_lake(rows: int = 60, rows_per_object: int = 8) -> tuple[LakeObject, ...]:
    """A lake of few rows with everything that may be adverse about rows."""
    return tuple(lake_of(made_bodies(rows), ADVERSE, rows_per_object=rows_per_object))


def memory_lake(objects: tuple[LakeObject, ...], **options: Any) -> MemoryObjects:
    """A bucket with a raw lake."""
    about: dict[str, Mapping[str, str]] = {each.key: each.metadata for each in objects}
    return MemoryObjects({each.key: each.body for each in objects}, about=about, **options)


def table_in(store: MemoryObjects) -> ParquetTable:
    """The curated table of a bucket, as one process has it."""
    return ParquetTable(store, at_once)


async def rows_of(store: MemoryObjects, snapshot: Snapshot | None = None) -> list[dict[str, Any]]:
    """The rows of the curated table."""
    snapshot = snapshot or await table_in(store).snapshot()
    tables = [read_parquet(store.objects[key]) for key in snapshot.files]
    assert all(table.schema.equals(CURATED_SCHEMA) for table in tables)
    return list(pa.concat_tables([CURATED_SCHEMA.empty_table(), *tables]).to_pylist())


async def vault_of(store: MemoryObjects) -> list[dict[str, Any]]:
    """The rows of the vault."""
    tables = [read_parquet(store.objects[key]) for key in (await table_in(store).snapshot()).vault]
    return list(pa.concat_tables([VAULT_SCHEMA.empty_table(), *tables]).to_pylist())


async def assert_once(store: MemoryObjects) -> None:
    """Each raw object is in exactly one append commit, and each position in the table once, with that commit."""
    raw = {key: body for key, body in store.objects.items() if key.startswith(RAW_PREFIX)}
    commits = [commit_of(body) for key, body in sorted(store.objects.items()) if key.startswith(COMMITS_PREFIX)]
    taken = Counter(each.key for commit in commits for each in commit.raw)
    assert taken == dict.fromkeys(raw, 1)
    by_commit = {each.key: commit.number for commit in commits for each in commit.raw}
    expected = Counter(
        (*place.values(), by_commit[key])
        for key, body in raw.items()
        for place in read_parquet(body, PLACE).select(PLACE).to_pylist()
    )
    rows = await rows_of(store)
    assert Counter((*(row[name] for name in PLACE), row["commit_number"]) for row in rows) == expected
    assert set(expected.values()) == {1}
    snapshot = await table_in(store).snapshot()
    assert snapshot.raw == {key: read_parquet(body, PLACE).num_rows for key, body in raw.items()}
    assert {number: each.rows for number, each in snapshot.appends.items()} == Counter(
        number for *_, number in expected
    )
