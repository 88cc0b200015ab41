"""Keeps counts of what was scored, for those who review: by account, day of arrival and shard.

A flush is counted between its plan and its object. The range of a plan never changes, and whoever carries it out
again scores the same; so each range is counted once, by the position through which its shard is counted.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from fraud.records.documents import document_of, record_of
from fraud.records.score_counts import CountedDay, ScoreCounts, counts_of
from fraud.records.score_row import ScoreRow
from txn_core.concurrency import side_by_side
from txn_core.dynamodb.review.score_counts import CountItem, CountKey, ScoreCountTable
from txn_core.exceptions import StoreError
from workers.leases.lease import FlushPlan
from workers.retries import UNLIMITED, Patience, retry_outages

WRITES_AT_ONCE: Final = 8
ROUNDS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class CountKeeper:
    """Keeps the counts of one process."""

    table: ScoreCountTable
    patience: Patience = UNLIMITED

    async def count(self, plan: FlushPlan, rows: Sequence[ScoreRow]) -> None:
        """Return when the rows of a plan are counted; once more changes nothing.

        Raises:
            StoreError: somebody else counted the same shard again and again.
        """

        async def add(counted: tuple[CountedDay, ScoreCounts]) -> None:
            await retry_outages("score counts", partial(self._add, plan, *counted), until=self.patience)

        found = await asyncio.to_thread(counts_of, rows)
        await side_by_side(found.items(), add, workers=WRITES_AT_ONCE)

    async def _add(self, plan: FlushPlan, day: CountedDay, counts: ScoreCounts) -> None:
        key = CountKey(day.account, day.day, plan.first.shard_id)
        day_s = int(datetime.fromisoformat(day.day).replace(tzinfo=UTC).timestamp())
        for _ in range(ROUNDS_MAX):
            there = await self.table.of(key)
            if there is not None and there.through >= plan.first.sort_text:
                return
            total = counts if there is None else record_of(ScoreCounts, there.document) + counts
            item = CountItem(plan.last.sort_text, document_of(total))
            seen = None if there is None else there.through
            if await self.table.put(key, item, seen=seen, day_s=day_s):
                return
        raise StoreError(f"the counts of {plan.first.shard_id} were changed by others all the time")
