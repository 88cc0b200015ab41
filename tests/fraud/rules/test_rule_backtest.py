"""A backtest counts what rules would have hit, as the scorer would have seen it."""

from fraud.rules.rule import Rules
from fraud.rules.rule_backtest import RuleBacktest
from fraud.rules.rule_set import RuleSet
from tests.fraud.observed import BEGIN_S, DAY, observation
from tests.fraud.rules.written import rule, rule_set


def test_hits_precision_overlap_and_failures_are_counted_by_rule() -> None:
    made = Rules(
        rules=[
            rule("amount > 400", id="large"),
            rule("count_24h >= 1", id="again", action="review"),
            rule("amount > 400", id="shadow", mode="shadow"),
            rule("1 / count_24h > 0", id="fails", action="note"),
            rule("score > 1", id="scored"),
            rule("amount > 0", id="over", expires_at="2001-01-01T00:00:00.000000Z", action="note"),
        ]
    )
    backtest = RuleBacktest(RuleSet.of(made))
    backtest.fill(observation(BEGIN_S - 60, transaction_id="before"))
    backtest.add(observation(BEGIN_S, transaction_id="one"), is_fraud=True)
    backtest.add(observation(BEGIN_S, transaction_id="one"), is_fraud=True)
    backtest.add(observation(BEGIN_S + 2 * DAY, transaction_id="two", amount_minor=100), is_fraud=True)
    backtest.add(observation(BEGIN_S + 3 * DAY, transaction_id="three"), is_fraud=False)
    found = backtest.document()
    assert (found["rows"], found["frauds"], found["days"]) == (3, 2, 3)
    assert found["live_alerts"] == {"hits": 2, "hits_a_day": 0.667, "frauds": 1, "precision": 0.5, "recall": 0.5}
    assert (found["live_reviews"]["hits"], found["live_reviews"]["precision"]) == (0, None)
    by_rule = {each["rule"]: each for each in found["rules"]}
    assert [by_rule[name]["hits"] for name in ("large", "again", "shadow", "fails", "scored", "over")] == [
        2, 1, 2, 1, 0, 3,
    ]  # fmt: skip
    assert by_rule["large"]["hits_with"] == {"again": 1, "fails": 1, "over": 2, "shadow": 2}
    assert (by_rule["large"]["caught_amount_minor"], by_rule["over"]["hits_alone"]) == (497, 1)
    assert (by_rule["fails"]["errors"], by_rule["fails"]["would_be_disabled"]) == (2, False)


def test_rules_that_fail_on_a_hundred_transactions_in_a_row_would_be_disabled() -> None:
    backtest = RuleBacktest(rule_set("1 / (amount - amount) > 0", "amount > 0"))
    for number in range(100):
        backtest.add(observation(BEGIN_S + number, transaction_id=f"transaction-{number}"), is_fraud=False)
    fails, works = backtest.document()["rules"]
    assert (fails["errors"], fails["would_be_disabled"], works["would_be_disabled"]) == (100, True, False)
    assert (works["hits"], works["recall"]) == (100, None)
