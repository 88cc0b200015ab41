"""Where the quality of alerts is asked for: read in small pieces, once for all who ask at a time, kept a while.

A reading takes the latest alerts of the window, their labels, and the cases of those without one, page by page. So it
is bounded, and between two pages the event loop is free for others. An account has one reading at a time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from pydantic_core import from_json, to_json

from fraud.quality.alert_quality import AlertQuality, InUse, Window
from fraud.quality.judged_alert import judged
from fraud.records.documents import record_of
from fraud.records.in_use import MODEL_PART, RULES_PART, ModelInUse, VersionsInUse
from fraud.records.score_counts import ScoreCounts
from txn_core.dynamodb.ranges import Row, SortKey, Span
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.dynamodb.review.score_counts import ScoreCountTable
from txn_core.recent import RecentReads
from txn_core.transactions.identity import Account, CaseId, TransactionId
from txn_core.transactions.instants import Instant, now

ALERTS_MAX: Final = 20_000
"""The latest alerts of a window that are counted."""
PAGE_ALERTS: Final = 64
"""Read together."""
TURN_ALERTS: Final = 32
"""Counted in one turn of the event loop: a millisecond or two."""
KEPT_S: Final = 60.0
KEPT_MAX: Final = 64
"""Reports that are kept, of some tens of kilobytes each."""
READINGS_MAX: Final = 4
"""Of several accounts at once."""
READ_S_MAX: Final = 60.0

Turn = Callable[[str], Awaitable[object]]
"""Waits until an account may have the event loop for a moment."""


@dataclass(frozen=True, slots=True)
class ReviewTables:
    """What a report is read from."""

    alerts: AlertTable
    cases: CaseTable
    labels: LabelTable
    counts: ScoreCountTable


@dataclass(frozen=True, slots=True)
class _Asked:
    account: Account
    days: int
    turn: Turn = field(compare=False)


class QualityDesk:
    """Gives reports on the quality of alerts."""

    def __init__(
        self,
        tables: ReviewTables,
        *,
        alerts_max: int = ALERTS_MAX,
        clock: Callable[[], Instant] = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tables, self._alerts_max = tables, alerts_max
        self._clock = clock
        self._reports = RecentReads(self._report, KEPT_S, kept_max=KEPT_MAX, read_s_max=READ_S_MAX, clock=monotonic)
        self._readings = asyncio.Semaphore(READINGS_MAX)
        self._locks: WeakValueDictionary[Account, asyncio.Lock] = WeakValueDictionary()

    async def report(self, account: Account, days: int, turn: Turn) -> bytes:
        """The report on an account's alerts of so many days, as JSON; at most `KEPT_S` old.

        Raises:
            TimeoutError: the reading took longer than `READ_S_MAX`.
            StoreError: DynamoDB gave only some of what was asked for, again and again.
        """
        return await self._reports.get(_Asked(account, days, turn))

    async def _report(self, asked: _Asked) -> bytes:
        lock = self._locks.setdefault(asked.account, asyncio.Lock())
        async with lock, self._readings:
            window = Window.of(asked.days, self._clock())
            quality = AlertQuality(window, await self._in_use())
            await self._read_counts(asked, window, quality)
            await self._read_alerts(asked, window, quality)
            # In a thread: medians of many rules are sorted there.
            document = await asyncio.to_thread(quality.document)
            return to_json(document | {"alerts_max": self._alerts_max})

    async def _in_use(self) -> InUse:
        """What scores now, as the scorer noted it."""
        noted = await self._tables.counts.in_use()
        models = [record_of(ModelInUse, text) for part, text in noted.items() if part.startswith(f"{MODEL_PART}#")]
        versions = noted.get(RULES_PART)
        return InUse(
            None if versions is None else record_of(VersionsInUse, versions), {each.model: each for each in models}
        )

    async def _read_counts(self, asked: _Asked, window: Window, quality: AlertQuality) -> None:
        async for day, document in self._tables.counts.since(asked.account, window.first_day):
            await asked.turn(asked.account)
            quality.add_scored(day, record_of(ScoreCounts, document))

    async def _read_alerts(self, asked: _Asked, window: Window, quality: AlertQuality) -> None:
        table, left = self._tables.alerts, self._alerts_max
        after: SortKey | None = None
        while left:
            span = Span(window.start, None, after=after, limit=min(PAGE_ALERTS, left))
            page = await table.index.page(table.of_account(asked.account, span))
            await self._count(asked, page.rows, quality)
            if not page.has_more:
                return
            after, left = page.rows[-1].sort, left - len(page.rows)
        quality.leave_out_the_rest()

    async def _count(self, asked: _Asked, rows: Sequence[Row], quality: AlertQuality) -> None:
        """Count alerts with what became of them."""
        account = asked.account
        await asked.turn(account)
        alerts = [from_json(row.event) for row in rows]
        ids = [TransactionId(alert["transaction_id"]) for alert in alerts]
        labels = await self._tables.labels.of_some(account, ids)
        unlabelled = [CaseId(alert["case_id"]) for alert in alerts if alert["transaction_id"] not in labels]
        cases = await self._tables.cases.summaries(account, unlabelled)
        for start in range(0, len(alerts), TURN_ALERTS):
            await asked.turn(account)
            for alert in alerts[start : start + TURN_ALERTS]:
                label, case = labels.get(alert["transaction_id"]), cases.get(alert["case_id"])
                known = None if label is None else from_json(label)
                quality.add(judged(alert, known, None if case is None else from_json(case)))
