"""Tests for fraud.scoring.score_log."""

from dataclasses import replace

from fraud.records.score_row import ScoreRow
from fraud.scoring.score_log import rows_of, score_schema, table_of
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.identity import Account, CardId, TransactionId
from txn_core.transactions.instants import Instant

ROW = ScoreRow(
    transaction_id=TransactionId("t-1"),
    account=Account("acme"),
    card_id=CardId("card_1_2de66a60894b5631ccd6ee4e2a46a67b"),
    position=Position(ShardId("shardId-000000000000"), SequenceNumber("49590338271490256608559692538361571095"), 7),
    accepted_at=Instant("2026-01-02T03:04:05.000001Z"),
    occurred_at=Instant("0001-01-01T00:00:00.000000Z"),
    arrived_at=Instant("2026-01-02T03:04:05.999999Z"),
    scored_at=Instant("9999-12-31T23:59:59.999999Z"),
    model="mdl_1",
    rules_version="rls_1",
    feature_set=1,
    stage1_millilogit=-4_321,
    raw_millilogit=-5_000,
    score=3,
    decision="review",
    rule_hits=("r1", "r2"),
    shadow={"mdl_2": -1, "mdl_3": 2},
    features=(1, None, 0.1, 2**53, -0.0),
)
UNSCORED = replace(
    ROW,
    model=None,
    rules_version=None,
    stage1_millilogit=None,
    raw_millilogit=None,
    score=None,
    decision="pass",
    rule_hits=(),
    fallback="state_unavailable",
    shadow={},
    features=(),
)


def test_rows_come_back_as_they_were() -> None:
    """To the microsecond and to the bit, whatever is missing; a feature's -0.0 keeps its sign."""
    rows = [ROW, UNSCORED, ROW]
    found = list(rows_of(table_of(rows)))
    assert found == rows
    assert str(found[0].features[4]) == "-0.0"


def test_no_rows_are_a_table_without_rows() -> None:
    """With the same columns."""
    table = table_of([])
    assert (table.num_rows, table.schema) == (0, score_schema())
