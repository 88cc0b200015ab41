"""The warehouse that readers open: loaded when it has every commit that the rows came in by."""

from pathlib import Path

import duckdb
import pytest

from txn_cli.batches import published_warehouse
from txn_cli.batches.published_warehouse import PublishedWarehouse, opened_warehouse
from txn_cli.status.process_urls import ProcessUrls
from txn_cli.system import System
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
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
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


@pytest.mark.parametrize(
    ("every_s", "url", "is_begun", "is_there"),
    [
        (0.0, None, False, False),
        (0.0, None, True, True),
        (60.0, None, False, True),
        (0.0, "http://127.0.0.1:1", False, True),
    ],
)
def test_a_warehouse_that_a_process_of_the_stack_is_about_to_begin_is_waited_for(
    tmp_path: Path, *, every_s: float, url: str | None, is_begun: bool, is_there: bool
) -> None:
    """`txn up --warehouse` sets nothing for other commands; its process is known by its address."""
    if is_begun:
        (tmp_path / "warehouse").mkdir()
    settings = Settings(bucket="lake", warehouse_every_s=every_s)
    system = System(settings, "here", is_local=True, urls=ProcessUrls(warehouse=url))
    assert (opened_warehouse(system, tmp_path) is not None) == is_there
