"""Whether the warehouse holds what the lake holds: positions counted at each step, and dbt's tests."""

import asyncio
from dataclasses import asdict, dataclass

from txn_core.aws.objects import ObjectStore
from warehouse.curated.curation import raw_objects, waiting
from warehouse.curated.table import CuratedTable
from warehouse.run.loading import waiting_commits
from warehouse.run.targets import Target


@dataclass(frozen=True, slots=True)
class Positions:
    """Positions by step. All are equal when everything that is in the lake is in the tables.

    Attributes:
        raw: rows of raw objects that the curated table has taken.
        waiting_objects: raw objects that it has not.
        curated: rows of the curated table.
        waiting_commits: commits that the landing has not.
        waiting_since: when the oldest of these was committed, or None.
        landed: rows of the landing.
        writes: writes of all transactions.
    """

    raw: int
    waiting_objects: int
    curated: int
    waiting_commits: int
    waiting_since: str | None
    landed: int
    writes: int

    @property
    def is_fresh(self) -> bool:
        """Whether nothing waits."""
        return not self.waiting_objects and not self.waiting_commits

    @property
    def is_equal(self) -> bool:
        """Whether all counts are equal."""
        return self.raw == self.curated == self.landed == self.writes

    def document(self) -> dict[str, object]:
        """The counts as JSON has them."""
        return asdict(self)


async def positions(store: ObjectStore, table: CuratedTable, target: Target) -> Positions:
    """Count the positions at each step."""
    listed = await raw_objects(store)
    snapshot = await table.snapshot()
    missing = await waiting_commits(snapshot, target.landing())
    counts = await asyncio.to_thread(target.counts)
    return Positions(
        raw=sum(snapshot.raw.values()),
        waiting_objects=len(waiting(listed, snapshot)),
        curated=snapshot.rows,
        waiting_commits=len(missing),
        waiting_since=min((append.committed_at for append in missing), default=None),
        landed=counts.landed,
        writes=counts.writes,
    )
