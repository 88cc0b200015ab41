"""What rules cost a transaction: `python -m bench.rule_cost`, in microseconds of CPU time.

Fifty rules as people write them, fifty that fail, and the dearest that are taken: 200 of 2,000 characters.
"""

import time
from collections.abc import Mapping, Sequence

from tests.fraud.observed import adverse_stream

from fraud.features.catalogue import features_of
from fraud.history.card_history import CardHistory
from fraud.rules.rule import RULES_MAX, TEXT_CHARACTERS_MAX, Rule, Rules
from fraud.rules.rule_set import RuleSet
from fraud.rules.variables import Value, rule_values

ROUNDS = 5
PEOPLES = (
    "amount > {0}00 && amount_to_mean > 3.0 && count_24h >= 3",
    "category in ['shopping_net', 'misc_net'] && amount > {0}000 && night_24h >= 1",
    "transaction_type == 'refund' && amount_minor > {0}000",
    "has_speed && from_last > 500000 && since_last < {0}000",
    'in_list("blocked_merchants", merchant_id) || score >= 9{0}',
)
LONG = "amount < 0" + " || amount < 0" * 142
FAILING = "1 / (amount - amount) > 1" + " || amount < 0" * 141


def main() -> None:
    """Measure and print."""
    transactions = values_of_a_stream()
    for name, conditions in (
        ("50 rules as people write them", [PEOPLES[number % 5].format(number) for number in range(10, 60)]),
        ("50 rules that fail", ["amount / (amount - amount) > 1"] * 50),
        ("200 rules of 2,000 characters", [LONG] * RULES_MAX),
        ("200 rules of 2,000 characters that fail", [FAILING] * RULES_MAX),
    ):
        began = time.process_time()
        asked = compiled(conditions)
        compiled_ms = (time.process_time() - began) * 1e3
        least = min(_round_us(asked, transactions) for _ in range(ROUNDS))
        print(f"{name:<42} {least:9.1f} us a transaction, {compiled_ms:7.0f} ms to compile")


def values_of_a_stream() -> list[dict[str, Value]]:
    """The variables of 300 transactions."""
    histories: dict[str, CardHistory] = {}
    found: list[dict[str, Value]] = []
    for seen in adverse_stream(seed=1, rows=300, cards=5):
        history = histories.setdefault(seen.card_id, CardHistory.empty())
        if not history.knows(seen.transaction_id):
            found.append(rule_values(seen, features_of(seen, history), score=500))
            history.with_(seen, {})
    return found


def compiled(conditions: Sequence[str]) -> RuleSet:
    """Live rules of these conditions, none of which is longer than a rule may be."""
    assert max(map(len, conditions)) <= TEXT_CHARACTERS_MAX
    rules = [
        Rule(id=f"r{number}", when=when, action="alert", mode="live", owner="ann",
             expires_at="2099-01-01T00:00:00.000000Z")
        for number, when in enumerate(conditions)
    ]  # fmt: skip
    return RuleSet.of(
        Rules(rules=rules, lists={"blocked_merchants": [f"mer_{number:032x}" for number in range(1_000)]})
    )


def _round_us(asked: RuleSet, transactions: Sequence[Mapping[str, Value]]) -> float:
    began = time.process_time()
    for values in transactions:
        asked.evaluate(values)
    return (time.process_time() - began) / len(transactions) * 1e6


if __name__ == "__main__":
    main()
