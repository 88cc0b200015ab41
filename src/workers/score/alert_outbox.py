"""From a verdict to an alert that reviewers see and that stands on the stream of alerts, at least once.

An alert is raised before it is published, and published before the checkpoint of its record. The alert itself notes
that it stands on the stream, so that whoever raises it once more publishes what is not yet there.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from fraud.model.model import Model
from fraud.model.reasons import Reason
from fraud.records.alert import Alert
from fraud.records.documents import document_of
from fraud.review.alert_desk import ALERTS_AT_ONCE, AlertDesk, RaisedAlert
from fraud.scoring.alerts_of_scores import alert_of
from fraud.scoring.verdict import Verdict
from txn_core.aws.types import KinesisClient
from txn_core.concurrency import side_by_side
from txn_core.transactions.event import Event
from txn_core.transactions.identity import AlertId, KeyRing
from txn_core.transactions.instants import Instant, now
from workers.retries import UNLIMITED, Patience, retry_outages
from workers.score.score_metrics import ScoreMetrics

CARDS_AT_ONCE: Final = 8
TOLD_MAX: Final = 1_000
"""Of the alerts that a process has published, those that it remembers."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A record whose decision is `alert`, and the champion that it was scored by."""

    event: Event
    arrived_at: Instant
    verdict: Verdict
    model: Model | None


@dataclass(frozen=True, slots=True)
class AlertOutbox:
    """Raises and publishes the alerts of one process."""

    desk: AlertDesk
    kinesis: KinesisClient
    stream: str
    keys: KeyRing
    counts: ScoreMetrics
    patience: Patience = UNLIMITED
    told: dict[AlertId, asyncio.Task[None]] = field(default_factory=dict, init=False)

    async def deliver(self, alarms: Sequence[Alarm]) -> None:
        """Return when the alerts of a card's records are in a case and on the stream.

        Raises:
            StoreError: others changed the card's case again and again.
        """
        # Milliseconds for each, which no other record waits for.
        alerts = [await asyncio.to_thread(self._alert, alarm) for alarm in alarms]
        raise_them = partial(self.desk.raise_alerts, alerts, alarms[0].event.card_aliases)
        raised = await retry_outages("alert", raise_them, until=self.patience)
        await side_by_side(raised, self.publish, workers=ALERTS_AT_ONCE)

    async def publish(self, raised: RaisedAlert) -> None:
        """Return when an alert is on the stream.

        Two cards of one transaction id have one alert: whoever comes second waits for the first one.
        """
        if not raised.is_published:
            id_ = raised.alert.alert_id
            if (told := self.told.get(id_)) is None:
                told = self.told[id_] = asyncio.create_task(self._publish_new(raised.alert))
                if len(self.told) > TOLD_MAX:
                    del self.told[next(iter(self.told))]
            try:
                await asyncio.shield(told)
            except Exception:
                self.told.pop(id_, None)
                raise
        self.counts.alerts.inc()

    async def _publish_new(self, alert: Alert) -> None:
        await retry_outages("publish alert", partial(self._put, alert), until=self.patience)
        await retry_outages("alert", partial(self.desk.mark_published, alert), until=self.patience)

    def _alert(self, alarm: Alarm) -> Alert:
        reasons = self._reasons(alarm)
        return alert_of(alarm.event, alarm.verdict, reasons, self.keys, arrived_at=alarm.arrived_at, alerted_at=now())

    def _reasons(self, alarm: Alarm) -> tuple[Reason, ...]:
        """The reasons of a model; none where rules alone raise the alert, or the model cannot give them."""
        if alarm.model is None or alarm.verdict.scored is None:
            return ()
        try:
            return alarm.model.reasons(alarm.verdict.scored)
        except Exception as error:  # noqa: BLE001 - whatever a model does, the alert goes out
            self.counts.model_errors.inc()
            _log.error("reasons_failed", model=alarm.model.id, error=type(error).__name__)
            return ()

    async def _put(self, alert: Alert) -> None:
        await self.kinesis.put_record(
            StreamName=self.stream, Data=document_of(alert).encode(), PartitionKey=alert.card_id
        )
