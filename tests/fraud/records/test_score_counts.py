"""Counts of score rows: by account and day, and the same however the rows are divided."""

import random
from dataclasses import replace

from fraud.records.documents import document_of, record_of
from fraud.records.score_counts import RULES_MAX, STEPS, CountedDay, ScoreCounts, counts_of
from fraud.records.score_row import ScoreRow
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.identity import Account, CardId, TransactionId
from txn_core.transactions.instants import Instant

ROW = ScoreRow(
    transaction_id=TransactionId("00000001"),
    account=Account("acme"),
    card_id=CardId("card_1_0"),
    position=Position(ShardId("shardId-000000000000"), SequenceNumber("7")),
    accepted_at=Instant("2026-01-02T03:04:05.000000Z"),
    occurred_at=Instant("2026-01-02T03:04:05.000000Z"),
    arrived_at=Instant("2026-01-02T03:04:05.000000Z"),
    scored_at=Instant("2026-01-02T03:04:05.000000Z"),
    model="mdl_1",
    rules_version="rul_1",
    feature_set=1,
    stage1_millilogit=0,
    raw_millilogit=0,
    score=0,
    decision="pass",
)


def test_rows_are_counted_by_account_and_day() -> None:
    rows = [
        replace(ROW, score=24, rule_hits=("a",), shadow_hits=("s",)),
        replace(ROW, score=25, rule_hits=("a", "b")),
        replace(ROW, score=999),
        replace(ROW, score=None, model=None),
        replace(ROW, account=Account("other")),
        replace(ROW, arrived_at=Instant("2026-01-03T00:00:00.000000Z")),
    ]
    found = counts_of(rows)
    assert set(found) == {
        CountedDay(Account("acme"), "2026-01-02"),
        CountedDay(Account("acme"), "2026-01-03"),
        CountedDay(Account("other"), "2026-01-02"),
    }
    first = found[CountedDay(Account("acme"), "2026-01-02")]
    assert (first.scored, first.live, first.shadow) == (4, {"a": 2, "b": 1}, {"s": 1})
    assert {place: count for place, count in enumerate(first.by_score) if count} == {0: 1, 1: 1, STEPS - 1: 1}


def test_counts_of_parts_add_up_to_those_of_the_whole() -> None:
    rng = random.Random(5)
    rows = [
        replace(ROW, score=rng.choice((None, rng.randrange(1000))), rule_hits=tuple(rng.sample("abcdef", 2)))
        for _ in range(200)
    ]
    (whole,) = counts_of(rows).values()
    total = ScoreCounts()
    for start in range(0, len(rows), 30):
        (part,) = counts_of(rows[start : start + 30]).values()
        total = record_of(ScoreCounts, document_of(total + part))
    assert total == whole


def test_a_day_has_a_bounded_number_of_rules() -> None:
    many = ScoreCounts(live={f"r{number}": 1 for number in range(RULES_MAX)})
    assert len((many + ScoreCounts(live={"more": 1})).live) == RULES_MAX
