"""A score row: all that is kept of how one record of the stream was scored (docs/scoring.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from txn_core.positions import Position
from txn_core.transactions.identity import Account, CardId, TransactionId
from txn_core.transactions.instants import Instant

Decision = Literal["pass", "review", "alert"]
Fallback = Literal["model_unavailable", "model_error", "state_unavailable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """The score of one record.

    Attributes:
        accepted_at: of several rows of one id the first write counts, as everywhere (`WriteOrder`).
        scored_at: the only field that another run may fill in otherwise.
        stage1_millilogit: the champion's first stage alone, in thousandths of log-odds.
        raw_millilogit: the model's sum in thousandths of log-odds; None where no model scored.
        score: 0 to 999, calibrated; None where no model scored.
        fallback: why no model scored, if none did.
        shadow: what models beside the champion gave, in thousandths of log-odds.
        features: in the order of the feature set; they go to the lake alone.
        shadow_hits: the ids of the rules that hit and are not acted upon; they are counted and kept nowhere else.
    """

    transaction_id: TransactionId
    account: Account
    card_id: CardId
    position: Position
    accepted_at: Instant
    occurred_at: Instant
    arrived_at: Instant
    scored_at: Instant
    model: str | None
    rules_version: str | None
    feature_set: int
    stage1_millilogit: int | None
    raw_millilogit: int | None
    score: int | None
    decision: Decision
    rule_hits: tuple[str, ...] = ()
    fallback: Fallback | None = None
    shadow: Mapping[str, int] = field(default_factory=dict)
    features: tuple[int | float | None, ...] = ()
    shadow_hits: tuple[str, ...] = ()
