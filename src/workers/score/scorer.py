"""Scoring some records of a shard: from their bytes to rows, alerts and card states that are to be stored.

Records are taken in slices, between which the event loop is free: a thousand scores take a fifth of a second.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final

from fraud.observations.observation import Observation
from fraud.observations.reading import observation_of
from fraud.records.score_row import ScoreRow
from fraud.rules.rule_health import RuleHealth
from fraud.scoring.fold import scored
from fraud.scoring.score_rows import item_of, row_of, stage1_of
from fraud.scoring.state_memory import StateMemory
from fraud.scoring.verdict import Verdict
from fraud.scoring.versions import Versions
from txn_core.concurrency import side_by_side
from txn_core.dynamodb.review.scores import BATCH_ITEMS_MAX, ScoreItem, ScoreTable
from txn_core.exceptions import EventError
from txn_core.kinesis.record_batch import RecordBatch, StreamRecord
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, CardId
from txn_core.transactions.instants import instant_of, now
from workers.events.dead_letters import DeadLetterBox
from workers.events.decoding import event_in
from workers.events.undecodable import SettingApart
from workers.retries import UNLIMITED, Patience, retry_outages
from workers.score.alert_outbox import CARDS_AT_ONCE, Alarm, AlertOutbox
from workers.score.drift_watch import DriftWatch
from workers.score.score_metrics import ScoreMetrics
from workers.score.score_objects import refuse_other
from workers.score.version_watch import KEPT_MAX, VersionWatch

SLICE_RECORDS: Final = 64
WRITES_AT_ONCE: Final = 8
"""Requests of 25 scores each."""

_instant_of: Final = lru_cache(1)(instant_of)  # what came in one record of the stream arrived at once

Logged = Mapping[tuple[int, int], ScoreRow]
"""Rows of the score log by their place in the shard."""


@dataclass(frozen=True, slots=True)
class _ReadEvent:
    """A record that is an event."""

    record: StreamRecord
    event: Event
    observation: Observation


@dataclass(slots=True)
class _Scores:
    """What came of some records; the alarms by account and card."""

    rows: list[ScoreRow] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    alarms: dict[tuple[Account, CardId], list[Alarm]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scorer:
    """The scorer as one process runs it, for all of its shards."""

    scores: ScoreTable
    outbox: AlertOutbox
    dead_letters: DeadLetterBox
    versions: VersionWatch
    counts: ScoreMetrics
    drift: DriftWatch
    health: dict[str, RuleHealth] = field(default_factory=dict)
    patience: Patience = UNLIMITED

    async def score(
        self, records: Sequence[StreamRecord], versions: Versions, memory: StateMemory
    ) -> Sequence[ScoreRow]:
        """Score records that stand together in a shard, under the same versions; gives a row for each that is new.

        On return the alerts are raised and published, the scores can be looked up, and what is no event is a dead
        letter. The states are changed in memory alone.
        """
        arrivals = await self._read(records)
        await memory.load(arrival.observation for arrival in arrivals)
        found = _Scores()
        for start in range(0, len(arrivals), SLICE_RECORDS):
            for arrival in arrivals[start : start + SLICE_RECORDS]:
                self._score(arrival, versions, memory, found)
            await asyncio.sleep(0)
        self.counts.note(found.verdicts)
        self.drift.note(versions.champion, found.verdicts)
        await side_by_side(found.alarms.values(), self.outbox.deliver, workers=CARDS_AT_ONCE)
        await self._show(found.rows)
        self._note_failing(versions, found.verdicts)
        return found.rows

    async def adopt(
        self, records: Sequence[StreamRecord], logged: Logged, versions: Versions, memory: StateMemory
    ) -> Sequence[ScoreRow]:
        """Take over what a predecessor has scored and logged, row by row; gives the rows of these records.

        They are not scored again: of a card that is on two shards at once more may be known by now than when its
        record was scored, and a score once given stays. Alerts went out before the log was written.

        Raises:
            StoreError: the log holds other records than the stream.
        """
        arrivals = await self._read(records)
        await memory.load(arrival.observation for arrival in arrivals)
        rows: list[ScoreRow] = []
        for arrival in arrivals:
            if (row := logged.get(arrival.record.position.within_shard())) is not None:
                refuse_other(row, arrival.event)
                rows.append(row)
                if not memory.state(arrival.observation).covers(row.position):
                    memory.enter(arrival.observation, stage1_of(row, versions.challenger), row.position)
        await self._show(rows)
        return rows

    async def _read(self, records: Sequence[StreamRecord]) -> list[_ReadEvent]:
        """The events among some records; the others are dead letters on return."""
        arrivals: list[_ReadEvent] = []
        apart = SettingApart(self.dead_letters, RecordBatch.of(records))
        for start in range(0, len(records), SLICE_RECORDS):
            for record in records[start : start + SLICE_RECORDS]:
                try:
                    event = event_in(record)
                except EventError as error:
                    await apart.keep(record, error)
                else:
                    arrivals.append(_ReadEvent(record, event, observation_of(event)))
            await asyncio.sleep(0)
        return arrivals

    def _score(self, arrival: _ReadEvent, versions: Versions, memory: StateMemory, found: _Scores) -> None:
        observation, event, place = arrival.observation, arrival.event, arrival.record.position
        state = memory.state(observation)
        if state.covers(place):
            return
        if state.history is not None and state.history.knows(observation.transaction_id):
            self.counts.repeats.inc()
            return
        arrived_at = _instant_of(arrival.record.arrived_at)
        verdict = scored(observation, state.history, versions, arrived_at=arrived_at)
        memory.enter(observation, verdict.stage1, place)
        found.rows.append(row_of(event, place, verdict, arrived_at=arrived_at, scored_at=now()))
        found.verdicts.append(verdict)
        if verdict.decision == "alert":
            alarms = found.alarms.setdefault((event.account, event.card_id), [])
            alarms.append(Alarm(event, arrived_at, verdict, versions.champion))

    async def _show(self, rows: Sequence[ScoreRow]) -> None:
        """Return when the scores can be looked up."""
        items = [item_of(row) for row in rows]
        batches = [items[at : at + BATCH_ITEMS_MAX] for at in range(0, len(items), BATCH_ITEMS_MAX)]

        async def put(batch: Sequence[ScoreItem]) -> None:
            await retry_outages("scores", partial(self.scores.put_all, batch), until=self.patience)

        await side_by_side(batches, put, workers=WRITES_AT_ONCE)

    def _note_failing(self, versions: Versions, verdicts: Sequence[Verdict]) -> None:
        if versions.rules is None:
            return
        version = versions.rules.version
        if (health := self.health.get(version)) is None:
            if len(self.health) == KEPT_MAX:
                self.health.clear()
            health = self.health[version] = RuleHealth()
        failing = frozenset[str]().union(*(health.note(verdict.rule_errors) for verdict in verdicts))
        if failing:
            self.versions.note_failing(version, failing)
