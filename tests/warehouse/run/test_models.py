"""The models give what plain Python gives, on each engine, whole and by parts in any order."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from devkit.postgres_server import PostgresServer

from tests.lint.sql_dialects import findings_below
from tests.warehouse.landing.commits import MadeCommit
from tests.warehouse.run.fold import fold
from tests.warehouse.run.made_rows import commits_of, made_rows
from tests.warehouse.run.warehouses import OnDuckDb, WarehouseUnderTest, on_duckdb, on_postgres
from warehouse.run.folder import WarehouseFolder

SEED, ROWS = 1, 150


@pytest.fixture(scope="module")
def commits() -> list[MadeCommit]:
    return commits_of(made_rows(ROWS, SEED), SEED, rows_per_commit=12)


@pytest_asyncio.fixture(params=["duckdb", "postgres"], loop_scope="session")
async def warehouse(
    request: pytest.FixtureRequest, tmp_path: Path, dbt: Path, postgres_server: PostgresServer
) -> AsyncIterator[WarehouseUnderTest]:
    with WarehouseFolder(tmp_path).locked(wait_s=0) as lock:
        if request.param == "duckdb":
            yield on_duckdb(tmp_path, dbt, lock)
        else:
            yield on_postgres(postgres_server.new_database(), tmp_path, dbt, lock)


@pytest.mark.asyncio(loop_scope="session")
async def test_tables_equal_a_fold(warehouse: WarehouseUnderTest, commits: Sequence[MadeCommit]) -> None:
    """Also behind partial builds: late rows, repeats, conflicts, movers, refunds, other keys of cards.

    Readers need no grants behind a build, though it makes some tables again.
    """
    parts = (commits[:7], commits[7:8], commits[8:])
    compiled = warehouse.builder.work / "duckdb/target/compiled"
    loaded: list[MadeCommit] = []
    for part, extent in zip(parts, ("full", "partial", "partial"), strict=True):
        warehouse.load(part)
        loaded += part
        assert await warehouse.builder.build() == extent
        assert extent == "full" or warehouse.wrongly_open() == []
        warehouse.builder.target.publish()
        expected = fold([row for each in loaded for row in each.rows.to_pylist()])
        found = warehouse.tables(expected)
        for name, rows in expected.items():
            assert sorted(map(repr, found[name])) == sorted(map(repr, rows)), name
        if loaded != commits[:8]:  # one full and one partial build: every engine reads the models, Redshift has all
            assert list(findings_below(compiled)) == []
    assert compiled.exists() == isinstance(warehouse, OnDuckDb)
    assert await warehouse.build() == ("nothing", False)
