"""The state of a card: its history, and up to where each shard's records are in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from fraud.history.card_history import CardHistory
from txn_core.dynamodb.card_states import CardStateDocument, StoredCardState
from txn_core.exceptions import HistoryError
from txn_core.positions import Position, ShardId

SHARDS_MAX: Final = 8
"""Whose places are kept; a card's records come on one shard at a time."""

Place = tuple[int, int]
"""A sequence number and a sub-sequence number: what orders the positions of a shard."""


@dataclass(slots=True)
class CardState:
    """What is known of a card. One owner changes it.

    Attributes:
        history: None where the stored bytes are no history. Such a state is neither scored from nor written.
        applied: the last place of each shard that the history covers; it never falls.
        version: the stored version that this state came from; None where nothing is stored.
    """

    history: CardHistory | None = field(default_factory=CardHistory.empty)
    applied: dict[ShardId, Place] = field(default_factory=dict)
    version: int | None = None

    @classmethod
    def of(cls, stored: StoredCardState) -> Self:
        """The state of a stored one."""
        try:
            history = CardHistory.unpack(stored.document.history)
            applied = _applied(stored.document.applied)
        except (HistoryError, ValueError):
            return cls(None, {}, stored.version)
        return cls(history, applied, stored.version)

    @property
    def document(self) -> CardStateDocument:
        """What is stored of the state.

        Raises:
            ValueError: its history is not known.
        """
        if self.history is None:
            raise ValueError("a state without a history is not stored")
        applied = {str(shard): f"{number}/{sub}" for shard, (number, sub) in self.applied.items()}
        return CardStateDocument(self.history.pack(), applied)

    def covers(self, position: Position) -> bool:
        """Whether a record has been applied."""
        done = self.applied.get(position.shard_id)
        return done is not None and position.within_shard() <= done

    def apply(self, position: Position) -> None:
        """Note that everything of the card up to a position of its shard has been applied.

        Of the shards those with the highest sequence numbers are kept, which are the newest ones.
        """
        place, done = position.within_shard(), self.applied.get(position.shard_id)
        if done is not None and place <= done:
            return
        self.applied[position.shard_id] = place
        if len(self.applied) > SHARDS_MAX:
            others = (shard for shard in self.applied if shard != position.shard_id)
            del self.applied[min(others, key=lambda shard: (self.applied[shard], shard))]


def _applied(applied: Mapping[str, str]) -> dict[ShardId, Place]:
    """The places of a stored state.

    Raises:
        ValueError: one of them is no place.
    """
    places: dict[ShardId, Place] = {}
    for shard, text in applied.items():
        number, _, sub = text.partition("/")
        places[ShardId(shard)] = int(number), int(sub)
    return places
