"""All that the verdict on the scorer is made from."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fraud.model.model import Model
from fraud.records.case import Case
from fraud.records.score_row import ScoreRow
from fraud.registry.active_versions import Wanted
from fraud.rules.rule_set import RuleSet
from fraud.scoring.versions import Versions
from tests.chaos.judging.scores.lineage import Lineage
from tests.chaos.judging.views import Place
from txn_core.dynamodb.card_states import StoredCardState
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.event import Event
from txn_core.transactions.identity import KeyRing
from txn_core.transactions.instants import Instant


@dataclass(frozen=True, slots=True)
class Registry:
    """What the registry holds, loaded, and what was wanted of it, one after the other."""

    models: Mapping[str, Model]
    rule_sets: Mapping[str, RuleSet]
    wanted: Sequence[Wanted]

    def versions_of(self, row: ScoreRow) -> Versions:
        """The versions that a row names.

        Raises:
            KeyError: the registry does not hold one of them.
        """
        challenger = next(iter(row.shadow), None)
        return Versions(
            None if row.model is None else self.models[row.model],
            None if challenger is None else self.models[challenger],
            None if row.rules_version is None else self.rule_sets[row.rules_version],
        )

    def turn_of(self, row: ScoreRow) -> int | None:
        """Which of the wanted versions a row was scored under, by number; None where these were never wanted."""
        challenger = next(iter(row.shadow), None)
        wanted = Wanted(champion=row.model, challenger=challenger, rules=row.rules_version)
        return self.wanted.index(wanted) if wanted in self.wanted else None


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert as its table holds it: the bytes of its document, and its outbox mark."""

    document: bytes
    is_published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreEvidence:
    """The stream and what the scorer made of it.

    Attributes:
        events: the sound ones.
        arrivals: when each arrived, by the lake.
        items: those of `txn-scores`, by their key.
        states: those of the cards, by their key.
        published: what stands on the stream of alerts.
    """

    events: Mapping[Place, Event]
    arrivals: Mapping[Place, Instant]
    lineage: Lineage
    registry: Registry
    keys: KeyRing
    rows: Sequence[ScoreRow]
    items: Mapping[str, Any]
    states: Mapping[str, StoredCardState]
    alerts: Sequence[StoredAlert]
    cases: Sequence[Case]
    published: Sequence[bytes]

    def by_place(self) -> dict[Place, ScoreRow]:
        """The rows of the log."""
        return {place_of(row.position): row for row in self.rows}

    def cards(self) -> Iterator["Card"]:
        """Each card with its records and their rows, in the order of each shard."""
        rows = self.by_place()
        lanes: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
        for place in sorted(self.events):
            event = self.events[place]
            record = Record(place, event, rows.get(place))
            lanes[f"{event.account}#{event.card_id}"][place.shard_id].append(record)
        for key, by_shard in lanes.items():
            yield Card(key, {shard: by_shard[shard] for shard in self.lineage.ordered(by_shard)}, self.lineage)


class Record(NamedTuple):
    """A record of the stream, and its row in the log if it has one."""

    place: Place
    event: Event
    row: ScoreRow | None

    @property
    def position(self) -> Position:
        """The place as the code under test has it."""
        number = SequenceNumber(str(self.place.sequence_number))
        return Position(ShardId(self.place.shard_id), number, self.place.sub_sequence_number)


class Card(NamedTuple):
    """The records of one card within one account by their shards, ancestors first."""

    key: str
    lanes: Mapping[str, Sequence[Record]]
    lineage: Lineage

    def beside(self, shard_id: str) -> list[str]:
        """The card's shards that were read at the same time as one of them. There are none but after a landing on a
        wrong shard.
        """
        return self.lineage.beside(shard_id, self.lanes)


def place_of(position: Position) -> Place:
    """A position as the judges have it."""
    return Place(position.shard_id, int(position.sequence_number), position.sub_sequence_number)
