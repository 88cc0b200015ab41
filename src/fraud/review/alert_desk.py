"""Where the scorer raises alerts: one alert a transaction, in one case of its card, whoever repeats it and whenever.

DynamoDB writes one item at a time here (the local server knows no transactions), so the order of the writes and their
conditions have to bring it about:

1. The alert is stored with the case that it is to join. Whoever comes later finds it and goes on with that case.
2. The case takes the alert, on the version that was seen; or it is made with it, unless it is there already.
3. A case that is closed without the alert is `superseded` before the alert is given to the card's next case. It never
   opens again, so nobody who is late can add the alert to it.

Who dies between two steps leaves nothing that the next one does not finish, and a step that was done is done once
more without effect: the case itself says which alerts it has.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from fraud.records.alert import Alert
from fraud.records.case_alerts import joined, opened, superseded, takes
from fraud.records.documents import document_of, record_of
from fraud.review.stored_cases import StoredCase, created, found_case, replaced
from txn_core.dynamodb.alerts import AlertItem, AlertTable
from txn_core.dynamodb.cases import CaseTable
from txn_core.exceptions import StoreError
from txn_core.transactions.identity import Account, CardId, CaseId, KeyRing
from txn_core.transactions.instants import Instant, now

ROUNDS_MAX: Final = 100
"""Of one alert; each is lost to somebody who changed the same case or the same alert."""


@dataclass(frozen=True, slots=True)
class _Last:
    """The card's last case, or the one that would be its first or next."""

    number: int
    found: StoredCase | None


class AlertDesk:
    """Raises alerts."""

    def __init__(
        self, alerts: AlertTable, cases: CaseTable, keys: KeyRing, clock: Callable[[], Instant] = now
    ) -> None:
        self._alerts, self._cases, self._keys, self._clock = alerts, cases, keys, clock

    async def raise_alert(self, alert: Alert) -> Alert:
        """Store an alert in the case of its card, and give it as it is stored.

        The first one who raises the alert of a transaction decides what it says.

        Raises:
            StoreError: others changed the case again and again. To raise the alert once more is safe.
        """
        for _ in range(ROUNDS_MAX):
            if (stored := await self._bound(alert)) is not None and await self._is_counted(stored):
                return stored
        raise StoreError(f"alert {alert.alert_id} could not join a case: too many changed it at once")

    async def is_published(self, alert: Alert) -> bool:
        """Whether the alert was noted to stand on the stream of alerts."""
        found = await self._alerts.find(alert.account, alert.alert_id)
        return found is not None and found.is_published

    async def mark_published(self, alert: Alert) -> None:
        """Note that the alert stands on the stream of alerts."""
        await self._alerts.mark_published(alert.account, alert.alert_id)

    async def _bound(self, alert: Alert) -> Alert | None:
        """The alert as it is stored, with a case; None when it has to be looked at again."""
        if (found := await self._alerts.find(alert.account, alert.alert_id)) is not None:
            return record_of(Alert, found.document)
        last = await self._last(alert.account, alert.card_id)
        number = last.number
        if last.found is not None and not takes(last.found.case, alert, self._clock()):
            if not await self._superseded(last.found):
                return None
            number += 1
        bound = replace(alert, case_id=self._case_id(alert, number))
        return bound if await self._alerts.put_if_absent(_item(bound)) else None

    async def _is_counted(self, alert: Alert) -> bool:
        """Bring about that the alert's case has it; false when it has to be looked at again."""
        assert alert.case_id is not None  # noqa: S101 - it is bound
        found = await found_case(self._cases, alert.account, alert.case_id)
        if found is None:
            return await self._opened(alert, alert.case_id)
        if found.case.has(alert.alert_id):
            return True
        if found.case.status == "closed":
            await self._move_on(alert, found)
            return False
        grown = joined(found.case, alert, self._clock())
        return grown is found.case or await replaced(self._cases, found, grown)

    async def _opened(self, alert: Alert, case_id: CaseId) -> bool:
        """Make the card's next case with its first alert; false when it is there by now."""
        number = (await self._last(alert.account, alert.card_id)).number
        if self._case_id(alert, number) != case_id:
            return False
        previous = self._case_id(alert, number - 1) if number > 1 else None
        if not await created(self._cases, opened(alert, case_id, number, previous, self._clock())):
            return False
        if number > 1:
            await self._cases.note_number(alert.account, alert.card_id, number)
        return True

    async def _move_on(self, alert: Alert, found: StoredCase) -> None:
        """Give the alert to the case behind one that is closed without it."""
        if found.case.superseded or await self._superseded(found):
            case_id = self._case_id(alert, found.case.number + 1)
            await self._alerts.move(_item(alert), case_id, document_of(replace(alert, case_id=case_id)))

    async def _superseded(self, found: StoredCase) -> bool:
        return await replaced(self._cases, found, superseded(found.case, self._clock()))

    async def _last(self, account: Account, card_id: CardId) -> _Last:
        number = await self._cases.last_number(account, card_id)
        while True:
            found = await found_case(self._cases, account, self._keys.case_id(account, card_id, number))
            if found is None or not found.case.superseded:
                return _Last(number, found)
            number += 1

    def _case_id(self, alert: Alert, number: int) -> CaseId:
        return self._keys.case_id(alert.account, alert.card_id, number)


def _item(alert: Alert) -> AlertItem:
    assert alert.case_id is not None  # noqa: S101 - only bound alerts are stored
    return AlertItem(alert.account, alert.alert_id, alert.case_id, alert.alerted_at, document_of(alert))
