"""What the curated table has comes into a landing, and what has not come is counted."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.support.memory_objects import MemoryObjects
from tests.warehouse.curated.lakes import adverse_lake, memory_lake, table_in
from warehouse.curated.compaction import compact
from warehouse.curated.curation import CommitLimits, curate
from warehouse.landing.duckdb_landing import DuckDbLanding
from warehouse.landing.landing_port import Landing
from warehouse.run.checking import positions
from warehouse.run.loading import LoadReport, load
from warehouse.run.targets import Counts, Target

ROWS_OF_LAKE = 60


@dataclass
class LandingAlone:
    """A target of which only the landing was made; so many writes are said to be in its facts."""

    path: Path
    writes: int = 0

    def landing(self) -> Landing:
        return DuckDbLanding(self.path, options={"threads": "1"})

    def counts(self) -> Counts:
        return Counts(self.writes, self.writes)


async def curated(store: MemoryObjects, *, objects: int = 2) -> None:
    """Curate all raw objects, a few to a commit."""
    await curate(store, table_in(store), CommitLimits(objects=objects))


async def test_each_commit_is_loaded_once_also_out_of_merged_files(tmp_path: Path) -> None:
    """A file that was merged holds rows that are loaded and rows that are not."""
    store, target = memory_lake(adverse_lake(ROWS_OF_LAKE)), LandingAlone(tmp_path / "landing.duckdb")
    await curated(store)
    table = table_in(store)
    snapshot = await table.snapshot()
    assert len(snapshot.appends) > 3
    report = await load(table, target.landing(), commits_max=3)
    assert report == LoadReport(len(snapshot.appends), snapshot.rows)
    assert (await compact(table)).merged or len(snapshot.files) < 8
    assert await load(table, target.landing(), commits_max=3) == LoadReport()


async def test_what_waits_is_counted_at_each_step(tmp_path: Path) -> None:
    """Raw objects that no commit has, commits that the landing has not, and since when."""
    store, target = memory_lake(adverse_lake(ROWS_OF_LAKE)), LandingAlone(tmp_path / "landing.duckdb")
    table, as_target = table_in(store), cast("Target", target)
    before = await positions(store, table, as_target)
    assert (before.raw, before.curated, before.waiting_commits, before.waiting_since) == (0, 0, 0, None)
    assert before.waiting_objects > 3
    assert not before.is_fresh

    await curated(store)
    between = await positions(store, table, as_target)
    assert (between.raw, between.landed, between.waiting_objects) == (between.curated, 0, 0)
    assert between.waiting_commits > 3
    assert between.waiting_since is not None
    assert not between.is_fresh
    assert not between.is_equal

    await load(table, target.landing(), commits_max=100)
    target.writes = between.raw
    behind = await positions(store, table, as_target)
    assert behind.is_fresh
    assert behind.is_equal
    target.writes -= 1
    assert not (await positions(store, table, as_target)).is_equal
