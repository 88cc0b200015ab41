"""The warehouse of the sample file, built by dbt from a raw lake: two minutes, unless it was built before."""

import asyncio
import os
from pathlib import Path
from typing import Final

import pytest
from devkit.lake_maker import lake_of, sample_bodies

from tests.support.memory_objects import MemoryObjects
from txn_core.settings import Settings
from warehouse.curated.parquet_table import ParquetTable
from warehouse.dbt.environment import dbt_program
from warehouse.run.building import Builder
from warehouse.run.cycle import Cycle
from warehouse.run.duckdb_target import DuckDbTarget
from warehouse.run.folder import WarehouseFolder

SAMPLE: Final = Path(__file__).parents[4] / "shared" / "data" / "kaggle_like_dev.csv.gz"
WHERE_WANTED: Final = [
    pytest.mark.skipif("WAREHOUSE_ANSWERS" not in os.environ, reason="two minutes: make warehouse-answers"),
    pytest.mark.skipif(not SAMPLE.exists(), reason="the sample file is not here"),
    pytest.mark.timeout(1_200),
]
"""Marks of tests that need it. `WAREHOUSE_ANSWERS` names a folder that may hold it already, or is empty."""


def sample_warehouse(folders: pytest.TempPathFactory) -> Path:
    """The folder of its published files: the one that is named, or one of this run of the tests."""
    made = WarehouseFolder(Path(os.environ["WAREHOUSE_ANSWERS"] or folders.getbasetemp() / "sample-warehouse"))
    if made.published("warehouse").exists():
        return made.root
    objects = lake_of(sample_bodies(SAMPLE), rows_per_object=20_000)
    store = MemoryObjects(
        {each.key: each.body for each in objects}, about={each.key: each.metadata for each in objects}
    )
    with made.locked(wait_s=1) as lock:
        builder = Builder(DuckDbTarget(made, Settings()), dbt_program(None), made.work, lock)
        asyncio.run(Cycle(store, ParquetTable(store), builder, commits_max=1_000).run())
    return made.root
