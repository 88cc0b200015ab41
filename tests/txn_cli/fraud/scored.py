"""Objects of the log of scores, as the scorer writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fraud.records.score_row import ScoreRow
from fraud.scoring.score_log import table_of
from txn_core.lake.layout import SCORES_PREFIX, range_key
from txn_core.lake.parquet import parquet_of
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.identity import Account, CardId, TransactionId
from txn_core.transactions.instants import instant_of

SHARD = "shardId-000000000000"


@dataclass(frozen=True, slots=True)
class Score:
    """What differs from row to row."""

    transaction_id: str
    arrived_at: datetime
    sequence_number: int
    raw_millilogit: int | None = -5_000
    shadow: Mapping[str, int] = field(default_factory=dict)
    model: str | None = "mdl_a"
    shard_id: str = SHARD

    @property
    def position(self) -> Position:
        return Position(ShardId(self.shard_id), SequenceNumber(str(self.sequence_number)))


def object_of(scores: Sequence[Score]) -> tuple[str, bytes]:
    """The key and the bytes of an object."""
    first = scores[0]
    key = range_key(first.position, instant_of(first.arrived_at), SCORES_PREFIX)
    return key, parquet_of(table_of([_row(score) for score in scores]))


def _row(score: Score) -> ScoreRow:
    at = instant_of(score.arrived_at)
    return ScoreRow(
        transaction_id=TransactionId(score.transaction_id),
        account=Account("acme"),
        card_id=CardId(f"card_{score.sequence_number % 5}"),
        position=score.position,
        accepted_at=instant_of(score.arrived_at - timedelta(seconds=1)),
        occurred_at=instant_of(score.arrived_at - timedelta(seconds=2)),
        arrived_at=at,
        scored_at=at,
        model=score.model,
        rules_version=None,
        feature_set=1,
        stage1_millilogit=score.raw_millilogit,
        raw_millilogit=score.raw_millilogit,
        score=None if score.raw_millilogit is None else 1,
        decision="pass",
        shadow=score.shadow,
        features=(1, None),
    )
