"""Runs that are killed anywhere, and two at once, leave what the next run makes whole.

WAREHOUSE_SEEDS names the seeds, as `0-19` (`make warehouse-seeds SEEDS=20`). `make test` has one with one kill.
"""

import asyncio
import os
import random
from pathlib import Path
from typing import Final

import pytest
from devkit.postgres_server import PostgresServer

from tests.warehouse.run.fold import Tables, fold
from tests.warehouse.run.killed_runs import Runs, plan, short_plan
from tests.warehouse.run.made_rows import made_commits
from tests.warehouse.run.warehouses import WarehouseUnderTest, on_duckdb, on_postgres
from warehouse.dbt.environment import dbt_program
from warehouse.run.folder import WarehouseFolder

IS_SHORT: Final = "WAREHOUSE_SEEDS" not in os.environ
_ENDS = os.environ.get("WAREHOUSE_SEEDS", "0").split("-")
SEEDS: Final = range(int(_ENDS[0]), int(_ENDS[-1]) + 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_runs_leave_nothing_behind(seed: int, tmp_path: Path, postgres_server: PostgresServer) -> None:
    """Whatever was killed where, the tables equal a fold over the rows, and so do those of a full build.

    Odd seeds run on PostgreSQL.
    """
    rng, commits = random.Random(seed), made_commits(seed)
    url = postgres_server.new_database() if seed % 2 else ""
    runs, numbers = Runs(seed, tmp_path, url), [each.append.number for each in commits]
    for part, way in short_plan(numbers) if IS_SHORT else plan(rng, numbers):
        runs.run(rng, part, way)
    expected = fold([row for each in commits for row in each.rows.to_pylist()])
    with WarehouseFolder(tmp_path).locked(wait_s=60) as lock:
        found = on_postgres(url, tmp_path, dbt_program(), lock) if url else on_duckdb(tmp_path, dbt_program(), lock)
        assert_equal(found, expected)
        if not IS_SHORT:
            asyncio.run(found.build(full=True))
            assert_equal(found, expected)
            asyncio.run(found.builder.test())


def assert_equal(warehouse: WarehouseUnderTest, expected: Tables) -> None:
    """Tables row by row."""
    found = warehouse.tables(expected)
    for name, rows in expected.items():
        assert sorted(map(repr, found[name])) == sorted(map(repr, rows)), name
