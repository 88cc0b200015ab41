"""`txn warehouse check`: positions at each step, the archive's ledger, and the tests of the models."""

import asyncio
from dataclasses import asdict, dataclass

from txn_cli.warehouse.ledger_check import DifferingMinute, differing_minutes
from txn_core.settings import Settings
from warehouse.dbt.environment import DbtError
from warehouse.run.checking import Positions, positions
from warehouse.run.cycle import Cycle

SHOWN_MAX = 10


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. `failed_test` is None when all tests passed."""

    positions: Positions
    differing: tuple[DifferingMinute, ...]
    failed_test: str | None

    @property
    def all_right(self) -> bool:
        """Whether nothing waits, nothing differs, and no test failed."""
        there = self.positions
        return there.is_fresh and there.is_equal and not self.differing and self.failed_test is None

    def document(self) -> dict[str, object]:
        """The check as JSON has it."""
        return {
            "all_right": self.all_right,
            "positions": self.positions.document(),
            "differing_minutes": [asdict(each) for each in self.differing],
            "failed_test": self.failed_test,
        }

    def lines(self) -> list[str]:
        """The check for people."""
        there = self.positions
        since = f" (since {there.waiting_since})" if there.waiting_since else ""
        lines = (
            f"positions: {there.raw:,} raw, {there.curated:,} curated, {there.landed:,} landed, {there.writes:,} here",
            f"waiting: {there.waiting_objects:,} raw objects, {there.waiting_commits:,} commits{since}",
            f"minutes that differ from the archive's ledger: {len(self.differing):,}",
        )
        minutes = [
            f"  {each.shard_id} {each.minute}: {each.archived:,} archived, {each.landed:,} landed"
            for each in self.differing[:SHOWN_MAX]
        ]
        return [*lines, *minutes, f"tests: {self.failed_test or 'all passed'}"]


async def check_all(cycle: Cycle, settings: Settings) -> Checked:
    """Check the warehouse that a command holds.

    Raises:
        WarehouseError: the engine cannot be read, or nothing was ever built.
    """
    target = cycle.builder.target
    counted = await positions(cycle.store, cycle.table, target)
    differing = await differing_minutes(settings, cycle.store, await asyncio.to_thread(target.place_sums))
    return Checked(counted, tuple(differing), await _failed_test(cycle))


async def _failed_test(cycle: Cycle) -> str | None:
    try:
        await cycle.builder.test()
    except DbtError as error:
        return str(error)
    return None
