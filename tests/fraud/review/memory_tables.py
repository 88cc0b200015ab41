"""The tables of reviewers in memory, whose calls are carried out in any order, and can fail before or behind it."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from txn_core.dynamodb.review.active_cases import ActiveCase, ActiveCases
from txn_core.dynamodb.review.alerts import AlertItem, AlertTable
from txn_core.dynamodb.review.cases import CaseItem, CaseTable, FoundCase, QueueRow
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.transactions.identity import Account, AlertId, CardId, CaseId, TransactionId
from txn_core.transactions.instants import Instant


class LostError(OSError):
    """A call that was not answered."""


@dataclass
class Steps:
    """When calls are carried out, and which one is lost.

    Attributes:
        rng: by which others go first; without one each call is carried out at once.
        lost_at: the number of the call that is lost, from 1.
        carried_out: whether the lost call was carried out.
    """

    rng: random.Random | None = None
    lost_at: int = 0
    carried_out: bool = False
    calls: int = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """One call."""
        self.calls += 1
        is_lost = self.calls == self.lost_at
        await self._others()
        if is_lost and not self.carried_out:
            raise LostError
        yield
        await self._others()
        if is_lost:
            raise LostError

    async def _others(self) -> None:
        for _ in range(0 if self.rng is None else self.rng.randrange(4)):
            await asyncio.sleep(0)


@dataclass
class Stored:
    """What the tables hold."""

    alerts: dict[tuple[str, str], AlertItem] = field(default_factory=dict)
    cases: dict[tuple[str, str], CaseItem] = field(default_factory=dict)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    labels: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    label_writes: int = 0


class MemoryAlerts(AlertTable):
    """Alerts in memory."""

    def __init__(self, stored: Stored, steps: Steps) -> None:
        self.stored, self._steps = stored, steps

    async def find(self, account: Account, alert_id: AlertId) -> AlertItem | None:
        async with self._steps.one():
            return self.stored.alerts.get((account, alert_id))

    async def put_if_absent(self, item: AlertItem) -> bool:
        async with self._steps.one():
            is_new = (item.account, item.alert_id) not in self.stored.alerts
            self.stored.alerts.setdefault((item.account, item.alert_id), item)
        return is_new

    async def move(self, item: AlertItem, case_id: CaseId, document: str) -> bool:
        async with self._steps.one():
            there = self.stored.alerts[item.account, item.alert_id]
            is_same = there.case_id == item.case_id
            if is_same:
                moved = replace(there, case_id=case_id, document=document)
                self.stored.alerts[item.account, item.alert_id] = moved
        return is_same

    async def mark_published(self, account: Account, alert_id: AlertId) -> None:
        async with self._steps.one():
            there = self.stored.alerts[account, alert_id]
            self.stored.alerts[account, alert_id] = replace(there, is_published=True)


class MemoryCases(CaseTable):
    """Cases in memory."""

    def __init__(self, stored: Stored, steps: Steps) -> None:
        self.stored, self._steps = stored, steps

    async def find(self, account: Account, case_id: CaseId) -> FoundCase | None:
        async with self._steps.one():
            item = self.stored.cases.get((account, case_id))
        return None if item is None else FoundCase(item.document, item.is_closed and item.is_queued)

    async def create(self, item: CaseItem) -> bool:
        async with self._steps.one():
            is_new = (item.account, item.case_id) not in self.stored.cases
            self.stored.cases.setdefault((item.account, item.case_id), item)
        return is_new

    async def replace(self, item: CaseItem, seen: int) -> bool:
        async with self._steps.one():
            is_same = self.stored.cases[item.account, item.case_id].version == seen
            if is_same:
                self.stored.cases[item.account, item.case_id] = item
        return is_same

    async def labels_written(self, account: Account, case_id: CaseId, version: int) -> None:
        async with self._steps.one():
            item = self.stored.cases[account, case_id]
            if item.version == version and item.is_closed:
                self.stored.cases[account, case_id] = replace(item, is_queued=False)

    async def queue(self, account: Account) -> AsyncIterator[QueueRow]:
        async with self._steps.one():
            items = [item for item in self.stored.cases.values() if item.is_queued and not item.is_closed]
        for item in sorted(items, key=lambda each: each.rank):
            if item.account == account:
                yield QueueRow(
                    item.case_id, item.free_at, item.request, item.rank, item.assigned_to, item.assigned_until
                )

    async def with_labels_due(self, account: Account) -> list[CaseId]:
        async with self._steps.one():
            items = [item for item in self.stored.cases.values() if item.is_queued and item.is_closed]
        return [item.case_id for item in items if item.account == account]

    async def last_number(self, account: Account, card_id: CardId) -> int:
        async with self._steps.one():
            return self.stored.numbers.get((account, card_id), 1)

    async def note_number(self, account: Account, card_id: CardId, last: int) -> None:
        async with self._steps.one():
            self.stored.numbers[account, card_id] = max(last, self.stored.numbers.get((account, card_id), 1))

    async def summaries(self, account: Account, case_ids: Iterable[CaseId]) -> dict[CaseId, str]:
        async with self._steps.one():
            found = {case_id: self.stored.cases.get((account, case_id)) for case_id in case_ids}
        return {case_id: item.summary for case_id, item in found.items() if item is not None}


class MemoryActiveCases(ActiveCases):
    """The cases in memory that are not closed."""

    def __init__(self, stored: Stored, steps: Steps) -> None:
        self.stored, self._steps = stored, steps

    async def latest(self, account: Account, cases_max: int) -> list[ActiveCase]:
        async with self._steps.one():
            items = [item for item in self.stored.cases.values() if item.account == account and not item.is_closed]
        items.sort(key=lambda item: item.sort, reverse=True)
        return [
            ActiveCase(item.case_id, item.version, item.free_at, item.assigned_until) for item in items[:cases_max]
        ]


class MemoryLabels(LabelTable):
    """Labels in memory."""

    def __init__(self, stored: Stored, steps: Steps) -> None:
        self.stored, self._steps = stored, steps

    async def of(self, account: Account, transaction_id: TransactionId) -> str | None:
        async with self._steps.one():
            found = self.stored.labels.get((account, transaction_id))
        return None if found is None else found[1]

    async def put(self, account: Account, transaction_id: TransactionId, version: int, document: str) -> bool:
        async with self._steps.one():
            there, _ = self.stored.labels.get((account, transaction_id), (0, ""))
            if there == version - 1:
                self.stored.labels[account, transaction_id] = (version, document)
                self.stored.label_writes += 1
        return there == version - 1


@dataclass
class Clock:
    """A clock that a test moves."""

    at: Instant

    def __call__(self) -> Instant:
        return self.at
