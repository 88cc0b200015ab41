"""An alert goes to the stream once, as long as its process lives."""

import asyncio
import random

from fraud.records.alert import Alert
from fraud.records.documents import record_of
from fraud.review.alert_desk import AlertDesk
from tests.fraud.builders import KEYS, alert_of
from tests.fraud.review.memory_tables import MemoryAlerts, MemoryCases, Steps, Stored
from workers.metrics import WorkerMetrics
from workers.score.alert_outbox import AlertOutbox
from workers.score.score_metrics import ScoreMetrics


class Stream:
    """Kinesis, whose answer takes a while."""

    def __init__(self) -> None:
        self.put = list[Alert]()

    async def put_record(self, *, Data: bytes, **_: object) -> None:  # noqa: N803 - as Kinesis names it
        await asyncio.sleep(0)
        self.put.append(record_of(Alert, Data))


async def test_two_cards_of_one_transaction_id_are_one_alert_on_the_stream() -> None:
    """Each card's alerts are delivered by themselves, and both find that this one is not published yet."""
    for seed in range(10):
        steps, stored, stream = Steps(random.Random(seed)), Stored(), Stream()
        desk = AlertDesk(MemoryAlerts(stored, steps), MemoryCases(stored, steps), KEYS)
        counts = ScoreMetrics(WorkerMetrics("score"))
        outbox = AlertOutbox(desk, stream, "alerts", KEYS, counts)  # type: ignore[arg-type]
        raised = await desk.raise_alert(alert_of(1))
        await asyncio.gather(*(outbox.publish(raised) for _ in range(3)))
        await outbox.publish(raised)
        assert stream.put == [raised.alert]
