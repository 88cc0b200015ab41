"""Keeps counts of what was scored, for those who review: by account, day of arrival and shard.

A flush is counted between its plan and its object. The range of a plan never changes, and whoever carries it out
again scores the same; so each range is counted once, by the position through which its shard is counted.

Counts are statistics, which nothing else is made of: a table that refuses them holds up no scores.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import structlog
from botocore.exceptions import ClientError

from fraud.records.documents import document_of, record_of
from fraud.records.score_counts import CountedDay, ScoreCounts, counts_of
from fraud.records.score_row import ScoreRow
from txn_core.aws.errors import Failure, code_of, failure_of, is_passing
from txn_core.concurrency import side_by_side
from txn_core.dynamodb.review.score_counts import CountItem, CountKey, ScoreCountTable
from txn_core.exceptions import StoreError
from workers.leases.lease import FlushPlan
from workers.retries import UNLIMITED, Patience, retry_outages

WRITES_AT_ONCE: Final = 8
ROUNDS_MAX: Final = 100
THROTTLES_MAX: Final = 6
"""In a row, with the pauses of `workers.retries` between them: two to three seconds."""

_log = structlog.get_logger(__name__)


class _NotCountedError(Exception):
    """The table refuses the counts, or throttles them again and again."""


@dataclass(frozen=True, slots=True)
class CountKeeper:
    """Keeps the counts of one process."""

    table: ScoreCountTable
    patience: Patience = UNLIMITED
    _logged: set[str] = field(default_factory=set, init=False)

    async def count(self, plan: FlushPlan, rows: Sequence[ScoreRow]) -> None:
        """Return when the rows of a plan are counted, or cannot be counted; once more counts nothing twice.

        An outage is waited for. Where the table is missing, refuses the counts or throttles them for some seconds,
        they are left out, and the log says so: once for each code of a refusal, each time for a throttle.

        Raises:
            OutageError: the patience of the process ended in an outage.
        """

        async def add(counted: tuple[CountedDay, ScoreCounts]) -> None:
            throttles = 0

            async def attempt() -> None:
                nonlocal throttles
                try:
                    await self._add(plan, *counted)
                except (ClientError, StoreError) as error:
                    throttles = throttles + 1 if failure_of(error) is Failure.THROTTLED else 0
                    if throttles >= THROTTLES_MAX or not is_passing(error):
                        raise _NotCountedError from error
                    raise

            try:
                await retry_outages("score counts", attempt, until=self.patience)
            except _NotCountedError as error:
                self._log_left_out(plan, error.__cause__)

        found = await asyncio.to_thread(counts_of, rows)
        await side_by_side(found.items(), add, workers=WRITES_AT_ONCE)

    def _log_left_out(self, plan: FlushPlan, error: BaseException | None) -> None:
        assert isinstance(error, Exception)  # noqa: S101 - a `_NotCountedError` has a cause
        code = code_of(error)
        if failure_of(error) is Failure.THROTTLED or code not in self._logged:
            _log.warning("score_counts_left_out", shard=plan.first.shard_id, error=code)
        self._logged.add(code)

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
