"""Where reviewers act: each action is one conditional write of the case, and closing gives its transactions labels.

A closing and its labels are several items. The closed case says that its labels are due, in the same write that
closes it; whoever sees that writes them (the closing request, the next one for the case, or the next one for the
account's queue) and takes the mark away. A label knows the moment of its closing, so it is there once.
"""

import random
from collections.abc import Callable
from typing import Final

from fraud.records.case import Case
from fraud.records.case_actions import Actor, CaseAction, CaseError, Claim, acted, was_done
from fraud.records.label import label_of
from fraud.review.label_desk import LabelDesk
from fraud.review.stored_cases import StoredCase, found_case, makes_labels, replaced
from txn_core.concurrency import side_by_side
from txn_core.dynamodb.review.cases import ASSIGNED, CaseTable, QueueRow
from txn_core.exceptions import StoreError
from txn_core.transactions.identity import Account, CaseId, TransactionId
from txn_core.transactions.instants import Instant, now

ROUNDS_MAX: Final = 100
WINDOW_MAX: Final = 64
LABELS_AT_ONCE: Final = 8


class CaseChangedError(Exception):
    """The case is not of the version that its reviewer saw."""


class CaseDesk:
    """Lets reviewers act on cases."""

    def __init__(
        self,
        table: CaseTable,
        labels: LabelDesk,
        clock: Callable[[], Instant] = now,
        choose: Callable[[list[CaseId]], CaseId] = random.choice,
    ) -> None:
        self._table, self._labels, self._clock, self._choose = table, labels, clock, choose

    async def get(self, account: Account, case_id: CaseId) -> Case | None:
        """A case, read consistently."""
        found = await found_case(self._table, account, case_id)
        return None if found is None else found.case

    async def act(
        self, account: Account, case_id: CaseId, action: CaseAction, actor: Actor, *, seen: int | None
    ) -> Case | None:
        """Carry an action out on the version that was seen, None for any; None when there is no such case.

        A request that was carried out before, by its `actor.request`, gives the case as it is now.

        Raises:
            CaseChangedError: the case has another version.
            CaseError: the action is not for the case as it stands.
            StoreError: others changed the case again and again.
        """
        for _ in range(ROUNDS_MAX):
            found = await found_case(self._table, account, case_id)
            if found is None:
                return None
            await self._settle(found)
            if was_done(found.case, actor.request):
                return found.case
            if seen not in {None, found.case.version}:
                raise CaseChangedError
            after = acted(found.case, action, actor, self._clock())
            if await replaced(self._table, StoredCase(found.case), after):
                await self._settle(StoredCase(after, labels_due=makes_labels(after)))
                return after
        raise StoreError(f"too many changed {case_id} at once")

    async def claim_next(self, account: Account, actor: Actor) -> Case | None:
        """Claim the most urgent case that is free; None when none is.

        Those that are assigned to the actor come first, and those that are assigned to others never.

        Whoever loses a case to somebody else tries one of the first two, then four, and so on: many at once do not
        go for the same one again and again.

        Raises:
            StoreError: others were quicker again and again.
        """
        for case_id in await self._table.with_labels_due(account):
            if (due := await found_case(self._table, account, case_id)) is not None:
                await self._settle(due)
        window = 1
        for _ in range(ROUNDS_MAX):
            own, free = await self._first(account, window, actor)
            if own is not None:
                return own
            if not free:
                return None
            if (claimed := await self._claimed(account, self._choose(free), actor)) is not None:
                return claimed
            window = min(2 * window, WINDOW_MAX)
        raise StoreError("too many claimed cases at once")

    async def _first(self, account: Account, cases_max: int, actor: Actor) -> tuple[Case | None, list[CaseId]]:
        """The case that this very request claimed before, if any, or else the first ones that are free."""
        at, request = self._clock(), actor.request
        rows: dict[str | None, list[QueueRow]] = {actor.name: [], None: []}
        never_assigned = 0
        async for row in self._table.queue(account):
            if request is not None and row.request == request:
                own = await self.get(account, row.case_id)
                if own is not None and was_done(own, request) and own.is_held(at):
                    return own, []
            if row.free_at <= at and (waiting := rows.get(row.kept_for(at))) is not None:
                waiting.append(row)
                never_assigned += not row.rank.startswith(ASSIGNED)
            # Behind the assigned ones nothing is the actor's own. Those whose assignment has expired stand among
            # them, whatever their priority: they are not counted, so that what is more urgent is still read.
            if not row.rank.startswith(ASSIGNED) and (rows[actor.name] or never_assigned >= cases_max):
                break
        free = rows[actor.name] or rows[None]
        free.sort(key=lambda row: row.rank.removeprefix(ASSIGNED))
        return None, [row.case_id for row in free[:cases_max]]

    async def _claimed(self, account: Account, case_id: CaseId, actor: Actor) -> Case | None:
        found, at = await found_case(self._table, account, case_id), self._clock()
        # The index may show the case as it was a moment ago.
        if found is None or found.case.status == "closed" or (found.case.free_at() or at) > at:
            return None
        if found.case.kept_for(at) not in {None, actor.name}:
            return None
        try:
            after = acted(found.case, Claim(), actor, at)
        except CaseError:
            return None
        return after if await replaced(self._table, found, after) else None

    async def _settle(self, found: StoredCase) -> None:
        """Write the labels of a closing, if they are due."""
        case = found.case
        if not found.labels_due:
            return
        if (label := label_of(case, self._clock())) is not None:

            async def give(transaction_id: TransactionId) -> None:
                await self._labels.put(case.account, transaction_id, label)

            transactions = dict.fromkeys(alert.transaction_id for alert in case.alerts)
            await side_by_side(transactions, give, workers=LABELS_AT_ONCE)
        await self._table.labels_written(case.account, case.case_id, case.version)
