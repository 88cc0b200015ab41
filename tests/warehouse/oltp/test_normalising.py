"""The normalised database is filled from the curated table and its vault, also behind a compaction."""

import pytest

from tests.warehouse.curated.lakes import adverse_lake, memory_lake, table_in
from tests.warehouse.oltp.test_oltp_database import CUSTOMERS
from warehouse.curated.compaction import compact
from warehouse.curated.curation import curate
from warehouse.oltp.oltp_database import OltpDatabase
from warehouse.postgres.session import PostgresSession
from warehouse.run.cycle import Cycle
from warehouse.run.loading import LoadReport


@pytest.mark.parametrize("files", ["as they came", "compacted"])
async def test_a_run_brings_in_what_is_curated_once(empty_tables_url: str, files: str) -> None:
    store = memory_lake(adverse_lake())
    table = table_in(store)
    await curate(store, table)
    if files == "compacted":
        await compact(table)
    cycle = Cycle(store, table, builder=None, commits_max=2, normalised=OltpDatabase(empty_tables_url))  # type: ignore[arg-type]
    snapshot = await table.snapshot()
    assert await cycle.normalise() == LoadReport(len(snapshot.appends), snapshot.rows)
    assert await cycle.normalise() == LoadReport()
    with PostgresSession.open(empty_tables_url) as session:
        named = [row for row in session.rows(CUSTOMERS) if row[1] is not None and row[6] is not None]
        assert len(named) > 20, "names and streets come from the vault"


async def test_without_a_database_a_run_leaves_it_out() -> None:
    store = memory_lake(())
    assert await Cycle(store, table_in(store), builder=None, commits_max=2).normalise() == LoadReport()  # type: ignore[arg-type]
