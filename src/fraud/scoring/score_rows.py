"""The rows that are kept of a verdict: all of it for the lake, and the little that a look-up shows."""

from fraud.features.catalogue import FEATURE_SET
from fraud.records.score_row import ScoreRow
from fraud.scoring.verdict import Verdict
from txn_core.dynamodb.scores import ScoreItem
from txn_core.positions import Position
from txn_core.transactions.event import Event
from txn_core.transactions.instants import Instant


def row_of(
    event: Event, position: Position, verdict: Verdict, *, arrived_at: Instant, scored_at: Instant
) -> ScoreRow:
    """The row of the score log."""
    return ScoreRow(
        transaction_id=event.transaction_id,
        account=event.account,
        card_id=event.card_id,
        position=position,
        accepted_at=event.accepted_at,
        occurred_at=event.occurred_at,
        arrived_at=arrived_at,
        scored_at=scored_at,
        model=verdict.model,
        rules_version=verdict.rules_version,
        feature_set=FEATURE_SET,
        stage1_millilogit=None if verdict.scored is None else verdict.scored.stage1_millilogit,
        raw_millilogit=verdict.raw_millilogit,
        score=verdict.score,
        decision=verdict.decision,
        rule_hits=verdict.rule_hits,
        fallback=verdict.fallback,
        shadow=verdict.shadow,
        features=verdict.features,
    )


def item_of(row: ScoreRow) -> ScoreItem:
    """The item of `txn-scores`."""
    return ScoreItem(
        account=row.account,
        transaction_id=row.transaction_id,
        score=row.score,
        decision=row.decision,
        model=row.model,
        rules=row.rules_version,
        fallback=row.fallback,
    )
