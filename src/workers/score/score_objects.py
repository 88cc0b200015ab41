"""The score log as the scorer writes it: one object a flush, under the name that follows from its plan.

pyarrow is imported at the first object: a scorer that has nothing to do goes without it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from fraud.records.score_row import ScoreRow
from txn_core.exceptions import StoreError
from txn_core.positions import Position
from txn_core.transactions.event import Event
from workers.leases.lease import FlushPlan
from workers.planned.planned_object import PlannedObjects

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ScoreObjects:
    """The objects of one process; `renderings` bounds how many are in memory at once."""

    objects: PlannedObjects
    renderings: asyncio.Semaphore

    async def covered_to(self, plan: FlushPlan) -> Position | None:
        """Up to where the object of a plan covers the shard; none when there is no such object."""
        return await self.objects.covered_to(plan)

    async def logged(self, plan: FlushPlan) -> list[ScoreRow]:
        """The rows of the object that is there under a plan's name."""
        async with self.renderings:
            data = await self.objects.read(plan)
            return await asyncio.to_thread(_rows, data)

    async def write(self, plan: FlushPlan, rows: Sequence[ScoreRow]) -> None:
        """Return when the rows of a plan are in its object.

        Raises:
            StoreError: an object is there that holds other rows, or that covers another range than the plan. Whoever
                reads again from the checkpoint finds it and goes by it.
        """
        async with self.renderings:
            parquet = await asyncio.to_thread(_parquet, rows)
            covered_to = await self.objects.put(plan, len(rows), parquet)
        if covered_to is None:
            return
        if covered_to != plan.last:
            raise StoreError(f"the score log of {plan.first.shard_id} covers another range than is planned")
        there = {row.position: row for row in await self.logged(plan)}
        for row in rows:
            if row.position in there:
                refuse_other(there[row.position], row)
        if {*map(_told, there.values())} != {*map(_told, rows)}:
            raise StoreError(f"the score log of {plan.first.shard_id} holds other scores than are planned")


def refuse_other(row: ScoreRow, event: Event | ScoreRow) -> None:
    """Refuse a row that stands where the stream has another transaction.

    Raises:
        StoreError: it does. The object is another stream's then, and neither overwritten nor taken for ours.
    """
    if (row.account, row.transaction_id) != (event.account, event.transaction_id):
        _log.error("object_of_another_stream", shard=row.position.shard_id, first=row.position.sequence_number)
        raise StoreError(f"the score log of {row.position.shard_id} holds other records than the stream has")


def _told(row: ScoreRow) -> tuple[object, ...]:
    """What two workers that score a record under the same versions agree on, if they knew the same of its card."""
    place = (row.position, row.account, row.transaction_id)
    return (*place, row.model, row.rules_version, row.stage1_millilogit, row.raw_millilogit, row.decision)


def _parquet(rows: Sequence[ScoreRow]) -> bytes:
    from fraud.scoring.score_log import table_of  # noqa: PLC0415 - see above
    from txn_core.lake.parquet import parquet_of  # noqa: PLC0415 - see above

    return parquet_of(table_of(rows))


def _rows(data: bytes) -> list[ScoreRow]:
    from fraud.scoring.score_log import rows_of  # noqa: PLC0415 - see above
    from txn_core.lake.parquet import read_parquet  # noqa: PLC0415 - see above

    return list(rows_of(read_parquet(data)))
