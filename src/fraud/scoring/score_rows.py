"""The rows that are kept of a verdict: all of it for the lake, and the little that a look-up shows."""

from fraud.features.catalogue import FEATURE_SET, FEATURES
from fraud.model.model import Model
from fraud.model.trees import milli
from fraud.records.score_row import ScoreRow
from fraud.scoring.verdict import Verdict
from txn_core.dynamodb.review.scores import ScoreItem, write_of
from txn_core.positions import Position, WriteOrder
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
        shadow_hits=verdict.shadow_hits,
    )


def stage1_of(row: ScoreRow, challenger: Model | None) -> dict[str, int]:
    """The log-odds of the first stage by model id, as the verdict of the row had them (`Verdict.stage1`).

    The row holds the champion's; those of the challenger that scored beside it follow from the features.
    """
    said: dict[str, int] = {}
    if row.model is not None and row.stage1_millilogit is not None:
        said[row.model] = row.stage1_millilogit
    if challenger is not None and challenger.id in row.shadow:
        said[challenger.id] = milli(challenger.first_log_odds(row.features[: len(FEATURES)]))
    return said


def item_of(row: ScoreRow) -> ScoreItem:
    """The item of `txn-scores`."""
    return ScoreItem(
        account=row.account,
        transaction_id=row.transaction_id,
        card_id=row.card_id,
        write=write_of(WriteOrder.of(row.accepted_at, row.position)),
        score=row.score,
        decision=row.decision,
        model=row.model,
        rules=row.rules_version,
        fallback=row.fallback,
    )
