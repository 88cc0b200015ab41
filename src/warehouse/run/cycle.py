"""One run: curate, load, build, publish.

Each step takes what is there, and may be repeated. So a run that was killed anywhere is made good by the next one.
"""

from dataclasses import dataclass, field

import structlog

from txn_core.aws.objects import ObjectStore
from txn_core.exceptions import WarehouseError
from warehouse.curated.compaction import compact
from warehouse.curated.curation import Curated, curate
from warehouse.curated.table import CuratedTable
from warehouse.landing.landing_port import Landing
from warehouse.run.building import Builder, Extent
from warehouse.run.loading import LoadReport, load

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    Attributes:
        curated: raw objects that came into the curated table.
        loaded: commits and rows that came into the landing.
        built: how much was built.
        published: whether readers see other tables than before.
        normalised: commits and rows that came into the normalised database, where there is one.
    """

    curated: Curated
    loaded: LoadReport
    built: Extent
    published: bool
    normalised: LoadReport = field(default_factory=LoadReport)

    def document(self) -> dict[str, object]:
        """The report as JSON has it."""
        return {
            "curated_objects": self.curated.objects,
            "curated_rows": self.curated.rows,
            "loaded_commits": self.loaded.commits,
            "loaded_rows": self.loaded.rows,
            "built": self.built,
            "published": self.published,
            "normalised_rows": self.normalised.rows,
        }


@dataclass(frozen=True, slots=True)
class Cycle:
    """Runs for one lake and one target. Whoever calls holds the lock of the folder and of the target.

    Attributes:
        normalised: the normalised database, filled behind the tables that readers see; None where there is none.
    """

    store: ObjectStore
    table: CuratedTable
    builder: Builder
    commits_max: int
    normalised: Landing | None = None

    async def run(self, *, full: bool = False) -> RunReport:
        """Bring all of the lake into the tables that readers see.

        Raises:
            WarehouseError: an engine refuses, or the lake has objects that are none of ours; all others are in then.
            DbtError: a model or a test failed. Readers see the former tables.
        """
        curated = await curate(self.store, self.table)
        if curated.commits:
            await compact(self.table)
            await self.table.clear()
        loaded = await self.load()
        built, published = await self.builder.build_and_publish(full=full)
        report = RunReport(curated, loaded, built, published, await self.normalise())
        _log.info("warehouse_run_finished", **report.document())
        if curated.unreadable:
            raise WarehouseError(
                f"{len(curated.unreadable)} objects of the lake cannot be read and are not in the warehouse, first "
                f"{min(curated.unreadable)}: move them out of raw/"
            )
        return report

    async def load(self) -> LoadReport:
        """Bring what is curated into the landing."""
        return await load(self.table, self.builder.target.landing(), commits_max=self.commits_max)

    async def normalise(self) -> LoadReport:
        """Bring what is curated into the normalised database."""
        if self.normalised is None:
            return LoadReport()
        return await load(self.table, self.normalised, commits_max=self.commits_max)
