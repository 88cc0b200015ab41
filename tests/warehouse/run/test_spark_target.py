"""Spark's target by its files: what is built when, what readers are told to read, and what a kill leaves.

A program of ours stands in Spark's place, so that no JVM starts. `make warehouse-spark` compares the real one.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.warehouse.landing.commits import adverse_commits, batch_of
from tests.warehouse.run import fake_spark
from txn_core.exceptions import SettingsError, WarehouseBusyError, WarehouseError
from txn_core.settings import Settings
from warehouse.dbt.environment import DbtError
from warehouse.landing.table_place import TablePlace
from warehouse.run.building import Builder
from warehouse.run.folder import WarehouseFolder
from warehouse.run.spark_target import SCRIPT, SparkTarget
from warehouse.run.targets import Counts
from warehouse.spark.spark_builds import Builds


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[Builder]:
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {fake_spark.__file__} "$@"\n')
    program.chmod(0o700)
    folder = WarehouseFolder(tmp_path / "warehouse")
    with folder.locked(wait_s=0) as lock:
        target = SparkTarget(folder.root / "spark", Settings(warehouse_wait_s=0.2, warehouse_memory="800MB"))
        yield Builder(target, program, folder.work, lock, SCRIPT)


@pytest.fixture
def place(builder: Builder) -> Path:
    return builder.work.parent / "spark"


def load(builder: Builder, first: int, last: int) -> int:
    """Load some of the adverse commits; gives how many rows are in then."""
    builder.target.landing().open().load(batch_of(adverse_commits()[first:last]))
    return sum(each.append.rows for each in adverse_commits()[:last])


def commands(place: Path) -> Sequence[Sequence[str]]:
    """What dbt was called with."""
    return [json.loads(line) for line in (place / "commands").read_text().splitlines()]


def published(place: Path) -> str:
    """The folder that readers are told to read; it is there."""
    tables = Path(json.loads((place / "published.json").read_text())["tables"])
    assert (tables / "star.db/fact_transactions").is_dir()
    return tables.name


async def test_tables_are_made_whole_whenever_something_is_new_and_only_then(builder: Builder, place: Path) -> None:
    """Seeds too, since each build has a folder of its own. A build that was there before stays for its readers."""
    assert not builder.target.has_table("star", "fact_transactions")
    builds = []
    for first, last in ((0, 2), (2, 4), (4, 7)):
        rows = load(builder, first, last)
        assert await builder.build_and_publish() == ("full", True)
        assert await builder.build_and_publish() == ("nothing", False)
        assert builder.target.counts() == Counts(rows, rows)
        builds.append(published(place))
    assert len(commands(place)) == 3
    assert all({"build", "--full-refresh", "resource_type:seed"} <= {*command} for command in commands(place))
    assert sorted(folder.name for folder in (place / "builds").iterdir()) == builds[-2:]
    assert await builder.build_and_publish(full=True) == ("full", True)
    assert builder.target.has_table("star", "fact_transactions")
    assert not builder.target.has_table("star", "nothing")


@pytest.mark.parametrize("fault", ["fact_transactions", "loaded", "run", "fail"])
async def test_a_build_that_did_not_end_is_neither_seen_nor_noted(builder: Builder, place: Path, fault: str) -> None:
    load(builder, 0, 2)
    await builder.build_and_publish()
    before = published(place)
    rows = load(builder, 2, 4)
    (place / "fault").write_text(fault)
    for _ in range(2):
        with pytest.raises(DbtError):
            await builder.build_and_publish()
        assert published(place) == before
        assert builder.target.built().noted == 1
    (place / "fault").unlink()
    assert await builder.build_and_publish() == ("full", True)
    assert published(place) != before
    assert builder.target.counts() == Counts(rows, rows)
    assert len([*(place / "builds").iterdir()]) == 2, "what did not end is gone"


async def test_a_run_that_was_killed_before_it_published_is_made_good_without_a_build(
    builder: Builder, place: Path
) -> None:
    load(builder, 0, 2)
    await builder.build()
    assert not (place / "published.json").exists()
    assert await builder.build_and_publish() == ("nothing", True)
    assert published(place) == "00000001"


async def test_tests_run_on_the_newest_build(builder: Builder, place: Path) -> None:
    load(builder, 0, 2)
    await builder.build_and_publish()
    await builder.test()
    assert "test" in commands(place)[-1]
    (place / "fault").write_text("fail")
    with pytest.raises(DbtError):
        await builder.test()


async def test_a_landing_that_was_made_again_is_built_again(builder: Builder, place: Path) -> None:
    load(builder, 0, 2)
    await builder.build_and_publish()
    (place / "landing/loads.json").unlink()
    load(builder, 2, 4)
    assert builder.target.built().follows is False
    assert (await builder.build_and_publish())[0] == "full"


def test_rows_come_from_the_files(builder: Builder) -> None:
    rows = load(builder, 0, 2)
    found = list(builder.target.batches("select shard_id, load_id from {landing}.positions"))
    assert sum(batch.num_rows for batch in found) == rows
    with pytest.raises(WarehouseError):
        list(builder.target.batches("select 1 from {star}.fact_transactions"))


def test_spark_is_told_where_and_how(builder: Builder, place: Path) -> None:
    environment = builder.target.environment
    assert environment["WAREHOUSE_SPARK_FOLDER"] == str(place)
    assert environment["WAREHOUSE_SPARK_MEMORY"] == "800m"
    assert environment["SPARK_LOCAL_IP"] == "127.0.0.1"
    assert "arrived_at timestamp_ntz, " in environment["WAREHOUSE_SPARK_COLUMNS"]
    settings = Settings(warehouse_spark_master="yarn", warehouse_spark_conf=Path("/etc/spark"))
    cluster = SparkTarget(place, settings).environment
    assert cluster["SPARK_CONF_DIR"] == "/etc/spark"
    assert "SPARK_LOCAL_IP" not in cluster


def test_one_run_at_a_time(builder: Builder, place: Path) -> None:
    with builder.target.exclusively(), pytest.raises(WarehouseBusyError), builder.target.exclusively():
        raise AssertionError("two are in")
    with builder.target.exclusively():
        assert (place / "run.lock").exists()


@pytest.mark.parametrize("address", ["relative/folder", "s3a://bucket", "https://example.test/x", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="no folder for tables"):
        TablePlace.at(address)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"format": 1, "loads": [{}]}', b'{"format": 2, "loads": []}', b"\xff"]
)
def test_a_manifest_that_is_none_stops_everything(builder: Builder, place: Path, body: bytes) -> None:
    """An empty ledger in its place would load every row again."""
    load(builder, 0, 2)
    (place / "landing/loads.json").write_bytes(body)
    with pytest.raises(WarehouseError):
        load(builder, 0, 2)
    with pytest.raises(WarehouseError):
        builder.target.built()


def test_a_pointer_that_is_none_is_written_again(builder: Builder, place: Path) -> None:
    builds = Builds(TablePlace.at(str(place)))
    (place / "builds/00000003/meta.db/run").mkdir(parents=True)
    (place / "builds/00000003/meta.db/run/_SUCCESS").touch()
    (place / "published.json").write_bytes(b"{")
    assert builds.newest() == "00000003"
    assert builder.target.publish()
    assert json.loads((place / "published.json").read_text())["build"] == "00000003"
