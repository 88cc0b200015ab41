"""`txn warehouse check`: positions at each step, the archive's ledger, and the tests of the models."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

from txn_cli.reconcile.reconcile_report import Report
from txn_cli.reconcile.reconciliation import Reconciliation
from txn_core.settings import Settings
from warehouse.dbt.environment import DbtError
from warehouse.run.checking import Positions, positions
from warehouse.run.cycle import Cycle
from workers.leases.ledger import Minute

SINCE: Final = Minute("1970-01-01T00:00")
SHOWN_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        ledger: the landing beside the archive's ledger, by shard and minute.
        failed_test: what dbt says, or None when all tests passed.
    """

    positions: Positions
    ledger: Report
    failed_test: str | None

    @property
    def all_right(self) -> bool:
        """Whether nothing waits, nothing differs, and no test failed."""
        there = self.positions
        return there.is_fresh and there.is_equal and self.ledger.all_right and self.failed_test is None

    def document(self) -> dict[str, object]:
        """The check as JSON has it."""
        return {
            "all_right": self.all_right,
            "positions": self.positions.document(),
            "ledger": self.ledger.document(),
            "failed_test": self.failed_test,
        }

    def lines(self) -> list[str]:
        """The check for people."""
        there = self.positions
        since = f" (since {there.waiting_since})" if there.waiting_since else ""
        differing = [(each.shard_id, sums) for each in self.ledger.comparisons for sums in each.differing]
        return [
            f"positions: {there.raw:,} raw, {there.curated:,} curated, {there.landed:,} landed",
            f"writes of transactions: {there.writes:,}",
            f"waiting: {there.waiting_objects:,} raw objects, {there.waiting_commits:,} commits{since}",
            f"minutes that differ from the archive's ledger: {len(differing):,}",
            *(
                f"  {shard_id} {sums.minute}: {sums.reference.count:,} archived, {sums.view.count:,} landed"
                for shard_id, sums in differing[:SHOWN_MAX]
            ),
            f"tests: {self.failed_test or 'all passed'}",
        ]


async def check_all(cycle: Cycle, settings: Settings) -> Checked:
    """Check the warehouse that a command holds.

    Raises:
        WarehouseError: the engine cannot be read, or nothing was ever built.
    """
    target = cycle.builder.target
    counted = await positions(cycle.store, cycle.table, target)
    async with Reconciliation.open(settings, lambda: nullcontext(target)) as reconciliation:
        ledger = await replace(reconciliation, views=()).run(SINCE, deep=False)
    return Checked(counted, ledger, await _failed_test(cycle))


async def _failed_test(cycle: Cycle) -> str | None:
    try:
        await cycle.builder.test()
    except DbtError as error:
        return str(error)
    return None
