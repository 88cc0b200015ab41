"""Where the scorer raises alerts: one alert a transaction, in one case of its card, whoever repeats it and whenever.

DynamoDB writes one item at a time here (the local server knows no transactions), so the order of the writes and their
conditions have to bring it about:

1. The alert is stored with the case that it is to join. Whoever comes later finds it and goes on with that case.
2. The case takes the alert, on the version that was seen; or it is made with it, unless it is there already.
3. A case that is closed without the alert is `superseded` before the alert is given to another case. It never
   opens again, so nobody who is late can add the alert to it.

Who dies between two steps leaves nothing that the next one does not finish, and a step that was done is done once
more without effect: the case itself says which alerts it has.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fraud.records.alert import Alert
from fraud.records.case_alerts import joined, opened, superseded, takes
from fraud.records.documents import document_of, record_of
from fraud.review.stored_cases import StoredCase, created, found_case, replaced
from txn_core.concurrency import side_by_side
from txn_core.dynamodb.review.alerts import AlertItem, AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.exceptions import StoreError
from txn_core.transactions.identity import Account, AlertId, CardId, CaseId, KeyRing
from txn_core.transactions.instants import Instant, now

ALERTS_AT_ONCE: Final = 8
ROUNDS_MAX: Final = 100
"""Of one alert; each is lost to somebody who changed the same case or the same alert."""


@dataclass(frozen=True, slots=True)
class _Last:
    """The card's last case, or the one that would be its first or next."""

    number: int
    found: StoredCase | None


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """An alert as it is stored, and whether it was noted by then to stand on the stream of alerts."""

    alert: Alert
    is_published: bool


class AlertDesk:
    """Raises alerts."""

    def __init__(
        self, alerts: AlertTable, cases: CaseTable, keys: KeyRing, clock: Callable[[], Instant] = now
    ) -> None:
        self._alerts, self._cases, self._keys, self._clock = alerts, cases, keys, clock

    async def raise_alert(self, alert: Alert, card_aliases: Sequence[CardId] = ()) -> RaisedAlert:
        """Store an alert in the case of its card, and give it as it is stored.

        The first one who raises the alert of a transaction decides what it says. A card without a case of its own
        joins the one that it has under an id of an older card key, `card_aliases`, while that case takes alerts.

        Raises:
            StoreError: others changed the case again and again. To raise the alert once more is safe.
        """
        for _ in range(ROUNDS_MAX):
            if (stored := await self._bound(alert, card_aliases)) is not None and (
                await self._is_counted(stored.alert, card_aliases)
            ):
                return stored
        raise StoreError(f"alert {alert.alert_id} could not join a case: too many changed it at once")

    async def raise_alerts(self, alerts: Sequence[Alert], card_aliases: Sequence[CardId] = ()) -> list[RaisedAlert]:
        """Raise alerts of one card as `raise_alert` does, but with one write of the case for all that it can join.

        The first one finds the case, or begins it. Of a thousand alerts of a card each would read and write the case.

        Raises:
            StoreError: as of `raise_alert`.
        """
        first = await self.raise_alert(alerts[0], card_aliases)
        together = await self._joined_together(first.alert, alerts[1:])
        return [
            first,
            *[together.get(each.alert_id) or await self.raise_alert(each, card_aliases) for each in alerts[1:]],
        ]

    async def mark_published(self, alert: Alert) -> None:
        """Note that the alert stands on the stream of alerts."""
        await self._alerts.mark_published(alert.account, alert.alert_id)

    async def _joined_together(self, first: Alert, alerts: Sequence[Alert]) -> dict[AlertId, RaisedAlert]:
        """Those of a card's alerts that were new and joined the first one's case in one write, as they are stored.

        The others are left to `raise_alert`: all of them where somebody changed the case meanwhile.
        """
        if not alerts or first.case_id is None:
            return {}
        found, at = await found_case(self._cases, first.account, first.case_id), self._clock()
        # The first one's id may be stored for another card, and its case may be of an older card key.
        if found is None or found.case.card_id != alerts[0].card_id:
            return {}
        grown, bound = found.case, dict[AlertId, Alert]()

        async def bind(alert: Alert) -> None:
            stored = replace(alert, case_id=first.case_id)
            if takes(found.case, alert, at) and await self._alerts.put_if_absent(_item(stored)):
                bound[alert.alert_id] = stored

        await side_by_side(alerts, bind, workers=ALERTS_AT_ONCE)
        for alert in alerts:
            if (stored := bound.get(alert.alert_id)) is not None:
                grown = joined(grown, stored, at)
        is_counted = grown is found.case or await replaced(self._cases, found, grown)
        return {id_: RaisedAlert(each, is_published=False) for id_, each in bound.items()} if is_counted else {}

    async def _bound(self, alert: Alert, card_aliases: Sequence[CardId]) -> RaisedAlert | None:
        """The alert as it is stored, with a case; None when it has to be looked at again."""
        if (found := await self._alerts.find(alert.account, alert.alert_id)) is not None:
            return RaisedAlert(record_of(Alert, found.document), found.is_published)
        if (case_id := await self._target(alert, card_aliases)) is None:
            return None
        bound = replace(alert, case_id=case_id)
        return RaisedAlert(bound, is_published=False) if await self._alerts.put_if_absent(_item(bound)) else None

    async def _target(self, alert: Alert, card_aliases: Sequence[CardId]) -> CaseId | None:
        """The case that an alert is to join or to begin; None when it has to be looked at again."""
        last = await self._last(alert.account, alert.card_id)
        if last.found is None:
            for alias in card_aliases if last.number == 1 else ():
                older = (await self._last(alert.account, alias)).found
                if older is not None and takes(older.case, alert, self._clock()):
                    return older.case.case_id
            return self._case_id(alert, last.number)
        if takes(last.found.case, alert, self._clock()):
            return last.found.case.case_id
        return self._case_id(alert, last.number + 1) if await self._superseded(last.found) else None

    async def _is_counted(self, alert: Alert, card_aliases: Sequence[CardId]) -> bool:
        """Bring about that the alert's case has it; false when it has to be looked at again."""
        assert alert.case_id is not None  # noqa: S101 - it is bound
        found = await found_case(self._cases, alert.account, alert.case_id)
        if found is None:
            return await self._opened(alert, alert.case_id)
        if found.case.has(alert.alert_id):
            return True
        if found.case.status == "closed":
            await self._move_on(alert, found, card_aliases)
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

    async def _move_on(self, alert: Alert, found: StoredCase, card_aliases: Sequence[CardId]) -> None:
        """Give the alert to another case than one that is closed without it."""
        if not (found.case.superseded or await self._superseded(found)):
            return
        if (case_id := await self._target(alert, card_aliases)) is not None:
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
