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

    async def write(self, plan: FlushPlan, rows: Sequence[ScoreRow]) -> None:
        """Return when the rows of a plan are in its object.

        Raises:
            StoreError: an object is there that holds other rows, or that covers another range than the plan.
        """
        async with self.renderings:
            parquet = await asyncio.to_thread(_parquet, rows)
            covered_to = await self.objects.put(plan, len(rows), parquet)
        if covered_to is None:
            return
        await self.confirm(plan, rows)
        if covered_to != plan.last:
            raise StoreError(f"the score log of {plan.first.shard_id} covers another range than is planned")

    async def confirm(self, plan: FlushPlan, rows: Sequence[ScoreRow]) -> None:
        """Return when the object that is there under a plan's name holds the rows of these positions.

        Raises:
            StoreError: it holds others. It is another stream's then, and neither overwritten nor taken for ours.
        """
        async with self.renderings:
            data = await self.objects.read(plan)
            same = await asyncio.to_thread(_holds, data, rows)
        if not same:
            _log.error("object_of_another_stream", shard=plan.first.shard_id, first=plan.first.sequence_number)
            raise StoreError(f"the score log of {plan.first.shard_id} holds other records than the stream has")


def _parquet(rows: Sequence[ScoreRow]) -> bytes:
    from fraud.scoring.score_log import table_of  # noqa: PLC0415 - see above
    from txn_core.lake.parquet import parquet_of  # noqa: PLC0415 - see above

    return parquet_of(table_of(rows))


def _holds(data: bytes, rows: Sequence[ScoreRow]) -> bool:
    """Whether an object has rows at these positions, if any are given, and those are of the same transactions."""
    from txn_core.lake.parquet import read_parquet  # noqa: PLC0415 - see above

    columns = read_parquet(data, ("sequence_number", "sub_sequence_number", "account", "transaction_id")).to_pydict()
    places = zip(map(int, columns["sequence_number"]), columns["sub_sequence_number"], strict=True)
    there = dict(zip(places, zip(columns["account"], columns["transaction_id"], strict=True), strict=True))
    both = [row for row in rows if row.position.within_shard() in there]
    return (bool(both) or not rows) and all(
        there[row.position.within_shard()] == (row.account, row.transaction_id) for row in both
    )
