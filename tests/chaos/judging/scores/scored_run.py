"""A run of the scorer in which all went well, made in memory: what the verdict on the scorer is tested with."""

import json
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final

from fraud.history.card_history import CardHistory
from fraud.model.loading import load_model
from fraud.model.model import Model
from fraud.model.shipped import SHIPPED_KEY, shipped_files
from fraud.observations.reading import observation_of
from fraud.records.alert import Alert
from fraud.records.case import Case
from fraud.records.documents import record_of
from fraud.records.score_row import ScoreRow
from fraud.registry.active_versions import Wanted
from fraud.review.alert_desk import AlertDesk
from fraud.rules.rule_set import RuleSet
from fraud.scoring.alerts_of_scores import alert_of
from fraud.scoring.card_state import CardState
from fraud.scoring.fold import scored
from fraud.scoring.score_log import rows_of, table_of
from fraud.scoring.score_rows import item_of, row_of
from fraud.scoring.verdict import Verdict
from fraud.scoring.versions import Versions
from tests.builders import card_number, encoded, keys
from tests.chaos.documents import documents
from tests.chaos.judging.scores.evidence import Registry, ScoreEvidence, StoredAlert
from tests.chaos.judging.scores.lineage import Lineage
from tests.chaos.judging.scores.reading import items_by_record
from tests.chaos.judging.views import Place
from tests.fraud.review.memory_tables import Clock, MemoryAlerts, MemoryCases, Steps, Stored
from tests.fraud.rules.written import rule_set
from tests.workers.builders import later
from txn_core.dynamodb.card_states import StoredCardState
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.event import Event
from txn_core.transactions.transaction import parse_transaction

PARENT, LEFT, RIGHT = "shardId-000000000000", "shardId-000000000001", "shardId-000000000002"
LINEAGE: Final = Lineage({LEFT: (PARENT,), RIGHT: (PARENT,)})
RECORDS: Final = 45
CHANGED_AT: Final = 25
CARDS: Final = 8


@cache
def shipped() -> Model:
    """The shipped model: to check its answers takes half a second."""
    return load_model(shipped_files(), [SHIPPED_KEY])


@cache
def rules(number: int) -> RuleSet:
    """Two versions of rules, either of which alerts at some amounts."""
    return rule_set(f"amount_minor > {800_000 - 200_000 * number}")


def registry() -> Registry:
    """The model, both versions of rules, and the order in which they were wanted."""
    wanted = [Wanted(champion=shipped().id, rules=rules(number).version) for number in (0, 1)]
    return Registry({shipped().id: shipped()}, {rules(n).version: rules(n) for n in (0, 1)}, wanted)


def ordinary() -> list[tuple[Place, Event]]:
    """Documents of few cards, with repeats, on a shard and on the two that it was split into."""
    placed: list[tuple[Place, Event]] = []
    sound = (posted for posted in documents(11) if posted.kind != "wrong")
    for number, posted in enumerate(islice(sound, RECORDS), 1):
        card = card_number(int(posted.transaction_id[-6:]) % CARDS)
        event = event_of(number, posted.document | {"card_number": card})
        half = LEFT if int(event.card_id[-1], 16) % 2 else RIGHT
        placed.append((Place(PARENT if number <= RECORDS // 3 else half, number, 0), event))
    return placed


def event_of(number: int, document: dict[str, Any]) -> Event:
    """The event of a document that was accepted so many seconds after the first."""
    return Event.decode(encoded(parse_transaction(json.dumps(document).encode()), accepted_at=later(number)).data)


class MemoryScorer:
    """Scores records one after the other, with a memory that all shards share."""

    def __init__(self) -> None:
        self.rows: list[ScoreRow] = []
        self.alerts: list[Alert] = []
        self.states: dict[str, CardState] = {}
        self._entered: dict[str, list[tuple[Event, Verdict]]] = {}

    def take(self, place: Place, event: Event, *, unknown: Collection[str] = ()) -> None:
        """Score a record as one does that has not seen some ids of its card yet."""
        key = f"{event.account}#{event.card_id}"
        entered = self._entered.setdefault(key, [])
        history = _history(each for each in entered if each[0].transaction_id not in unknown)
        if history.knows(event.transaction_id):
            return
        position = Position(ShardId(place.shard_id), SequenceNumber(str(place.sequence_number)), 0)
        arrived_at = later(place.sequence_number)
        versions = Versions(shipped(), None, rules(int(place.sequence_number >= CHANGED_AT)))
        verdict = scored(observation_of(event), history, versions, arrived_at=arrived_at)
        self.rows.append(row_of(event, position, verdict, arrived_at=arrived_at, scored_at=later(0)))
        entered.append((event, verdict))
        state = self.states.setdefault(key, CardState())
        state.history = _history(entered)
        state.apply(position)
        if verdict.decision == "alert":
            self.alerts.append(
                alert_of(event, verdict, (), keys(), arrived_at=arrived_at, alerted_at=later(place.sequence_number))
            )


def _history(entered: Iterable[tuple[Event, Verdict]]) -> CardHistory:
    history = CardHistory.empty()
    for event, verdict in entered:
        history.with_(observation_of(event), verdict.stage1)
    return history


async def scored_run(placed: Sequence[tuple[Place, Event]], scorer: MemoryScorer | None = None) -> ScoreEvidence:
    """The evidence of a run; its scorer takes the records in their order unless it has done so."""
    if scorer is None:
        scorer = MemoryScorer()
        for place, event in placed:
            scorer.take(place, event)
    stored = Stored()
    desk = AlertDesk(MemoryAlerts(stored, Steps()), MemoryCases(stored, Steps()), keys(), Clock(later(0)))
    for alert in scorer.alerts:
        await desk.raise_alert(alert)
    alerts = [StoredAlert(item.document.encode(), is_published=True) for item in stored.alerts.values()]
    return ScoreEvidence(
        events=dict(placed),
        arrivals={place: later(place.sequence_number) for place, _ in placed},
        lineage=LINEAGE,
        registry=registry(),
        keys=keys(),
        rows=list(rows_of(table_of(scorer.rows))),
        items=items_by_record([item_of(row).attributes() for row in scorer.rows]),
        states={key: StoredCardState(state.document, 1) for key, state in scorer.states.items()},
        alerts=alerts,
        cases=[record_of(Case, item.document) for item in stored.cases.values()],
        published=[each.document for each in alerts],
    )
