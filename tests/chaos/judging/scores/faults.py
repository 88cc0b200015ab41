"""The verdict on the scorer, of one run: every promise that was not kept, and how much was compared."""

from collections import Counter

from tests.chaos.judging.finding import Finding
from tests.chaos.judging.scores.alerts import alert_faults, stream_faults
from tests.chaos.judging.scores.evidence import ScoreEvidence
from tests.chaos.judging.scores.log import item_faults, log_faults, pin_faults
from tests.chaos.judging.scores.states import card_faults


def find_score_faults(evidence: ScoreEvidence) -> list[Finding]:
    """Every promise that was not kept."""
    return [
        *log_faults(evidence),
        *pin_faults(evidence),
        *item_faults(evidence),
        *card_faults(evidence),
        *alert_faults(evidence),
        *stream_faults(evidence),
    ]


def compared_scores(evidence: ScoreEvidence) -> Counter[str]:
    """How much was compared."""
    cards = list(evidence.cards())
    twofold = [card for card in cards if any(card.beside(shard_id) for shard_id in card.lanes)]
    return Counter(
        {
            "rows in the score log": len(evidence.rows),
            "cells of features": sum(len(row.features) for row in evidence.rows),
            "states of cards": len(evidence.states),
            "cards on two shards at once": len(twofold),
            "alerts": len(evidence.alerts),
            "cases": len(evidence.cases),
            "records on the stream of alerts": len(evidence.published),
            "rows under the second versions": sum(bool(evidence.registry.turn_of(row)) for row in evidence.rows),
        }
    )
