"""The states of the cards: what the refold comes to, and nothing forgotten."""

from collections.abc import Iterator

from fraud.history.card_history import CardHistory
from fraud.scoring.card_state import SHARDS_MAX, CardState
from tests.chaos.judging.finding import Finding, broken
from tests.chaos.judging.scores.evidence import Card, ScoreEvidence
from tests.chaos.judging.scores.refold import Refold


def card_faults(evidence: ScoreEvidence) -> Iterator[Finding]:
    """The scores of each card, then its state."""
    seen: set[str] = set()
    for card in evidence.cards():
        refold = Refold(card, evidence.registry)
        yield from refold.faults()
        seen.add(card.key)
        if (stored := evidence.states.get(card.key)) is None:
            yield Finding("a card without a state", card.key)
            continue
        state = CardState.of(stored)
        if state.history is None or not _is_one_of(state.history, card, refold):
            yield Finding("a state differs from its refold", f"{card.key}, of shards {', '.join(card.lanes)}")
        yield from broken("applied is behind the checkpoint", _unapplied(state, card))
    yield from broken("a state of no card", evidence.states.keys() - seen)


def _is_one_of(history: CardHistory, card: Card, refold: Refold) -> bool:
    """By its bytes; of a card that was on two shards at once by its columns, since models may stand in any order."""
    possible = list(refold.histories())
    if any(card.beside(shard_id) for shard_id in card.lanes):
        return history in possible
    return history.pack() in [each.pack() for each in possible]


def _unapplied(state: CardState, card: Card) -> Iterator[str]:
    """The last records that were scored and that the state does not cover. All of the stream is checkpointed."""
    for shard_id, lane in card.lanes.items():
        entered = [record for record in lane if record.row is not None]
        forgotten = len(state.applied) == SHARDS_MAX and shard_id not in state.applied
        if entered and not forgotten and not state.covers(entered[-1].position):
            yield f"{card.key}: {entered[-1].place}"
