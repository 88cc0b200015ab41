"""The warehouse that readers open: loaded when it has every commit that the rows came in by."""

from pathlib import Path

import duckdb
import pytest

from txn_cli.batches import published_warehouse
from txn_cli.batches.published_warehouse import PublishedWarehouse
from txn_core.settings import Settings
from txn_core.transactions.instants import Instant
from warehouse.curated.table import Append, Snapshot

AT = Instant("2026-01-01T00:00:00.000000Z")


def _publish(file: Path, *numbers: int) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema if not exists meta")
        connection.execute("create or replace table meta.loaded (object_name text)")
        for number in numbers:
            connection.execute("insert into meta.loaded values (?)", [_append(number).name])


def _append(number: int) -> Append:
    return Append(number, 1, AT, "digest")


async def test_rows_are_loaded_when_their_commits_are_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before they are curated, not before a file is there; commits that come later are not waited for."""
    snapshots = [
        Snapshot(1, {1: _append(1)}, raw={"raw/a": 1}),
        Snapshot(2, {1: _append(1), 2: _append(2)}, raw={"raw/a": 1, "raw/b": 1}),
        Snapshot(3, {n: _append(n) for n in (1, 2, 3)}, raw={"raw/a": 1, "raw/b": 1, "raw/c": 1}),
    ]

    class Table:
        def __init__(self, _: object) -> None:
            """As the curated table."""

        async def snapshot(self) -> Snapshot:
            return snapshots.pop(0)

    monkeypatch.setattr(published_warehouse, "ParquetTable", Table)
    settings = Settings(bucket="lake", s3_endpoint_url="http://127.0.0.1:1", aws_region="us-east-1")
    warehouse = PublishedWarehouse(tmp_path / "warehouse.duckdb", settings)
    wanted = ["raw/a", "raw/b"]
    assert not await warehouse.has_loaded(wanted), "not curated"
    assert not await warehouse.has_loaded(wanted), "no file"
    _publish(warehouse.file, 1)
    assert not await warehouse.has_loaded(wanted), "one commit is missing"
    _publish(warehouse.file, 1, 2)
    assert await warehouse.has_loaded(wanted)
    assert len(snapshots) == 1
