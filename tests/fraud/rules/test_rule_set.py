"""Rules hit what their conditions say, and nothing that cannot be evaluated."""

import pytest

from fraud.features.catalogue import features_of
from fraud.history.card_history import CardHistory
from fraud.rules.rule import Rules
from fraud.rules.rule_set import RuleHit, RuleSet, decision_of
from fraud.rules.variables import VARIABLES, Value, rule_values
from tests.fraud.observed import adverse_stream, observation
from tests.fraud.rules.written import EXPIRES, ids, rule, rule_set, rules

TYPES = {"int": int, "double": float, "string": str}
AMOUNTS: list[dict[str, Value]] = [
    {"amount": amount, "count_1h": amount % 3, "category": "travel"} for amount in range(0, 100_000, 9_973)
]


@pytest.mark.parametrize(
    ("when", "hits"),
    [
        ("amount > 400 && category == 'misc_net'", True),
        ("category in ['travel', 'home'] || state == 'NC'", True),
        ('in_list("blocked_merchants", merchant_id)', True),
        ('in_list("blocked_merchants", terminal_id)', False),
        ("transaction_type == 'purchase' && job.startsWith('Psych') && !job.contains('x')", True),
        ("double(amount) > 2.5 * 100.0 && customer_latitude > 36.0", True),
        ("amount % 2 == 1 ? hour == 0 : false", True),
        ("score >= 950 && amount > 0", True),
        ("score >= 951", False),
        ("count_24h == 0 // the first one", True),
    ],
)
def test_a_condition_is_held_against_features_fields_lists_and_the_score(when: str, hits: bool) -> None:  # noqa: FBT001
    seen = observation()
    values = rule_values(seen, features_of(seen, CardHistory.empty()), score=950)
    assert bool(rule_set(when).hits(values)) == hits


def test_variables_have_the_types_that_rules_are_checked_against() -> None:
    histories: dict[str, CardHistory] = {}
    said = set[str]()
    for seen in adverse_stream(seed=5, rows=300, cards=4):
        history = histories.setdefault(f"{seen.account}#{seen.card_id}", CardHistory.empty())
        if history.knows(seen.transaction_id):
            continue
        values = rule_values(seen, features_of(seen, history), score=1)
        history.with_(seen, {})
        for name, kind in VARIABLES.items():
            if (value := values.get(name)) is not None:
                assert type(value) is TYPES[kind], name
                said.add(name)
    assert {name for name in VARIABLES if not name.startswith("stage1_")} <= said


def test_a_missing_value_is_no_hit_and_no_failure_unless_the_rule_asks_for_it() -> None:
    asked = rule_set("from_home > 5", "!(from_home > 5)", "!has_from_home && amount > 1", "100 / last_amount >= 0")
    assert asked.evaluate({"amount": 9}) == ((RuleHit("r2", "alert", "live"),), ())
    assert ids(asked.hits({"amount": 9, "from_home": 9, "last_amount": 5})) == ["r0", "r3"]


@pytest.mark.parametrize("failing", ["100 / count_1h > 1", "amount % count_1h == 0", "-amount_minor < 0"])
def test_a_rule_that_fails_hits_nothing_and_leaves_the_others_alone(failing: str) -> None:
    values = {"amount": 60_000, "count_1h": 0, "amount_minor": -(2**63)}
    outcome = rule_set("amount > 1", failing, "amount > 2", "amount > 60001").evaluate(values)
    assert (ids(outcome.hits), outcome.errors) == (["r0", "r2"], ("r1",))


@pytest.mark.parametrize("odd", [2**70, 1.5, "text", b"bytes", [1], "\ud800"])
def test_a_value_of_another_type_fails_the_rules_that_read_it(odd: object) -> None:
    asked = rule_set("amount > 1", "job == 'x'", "state == 'NC'")
    outcome = asked.evaluate({"amount": odd, "job": odd, "state": "NC"})  # type: ignore[dict-item]
    assert ids(outcome.hits) == ["r2"]
    assert "r0" in outcome.errors
    assert ids(asked.hits({"amount": 2, "job": "x", "state": "NC"})) == ["r0", "r1", "r2"]


def test_many_rules_together_say_what_each_says_alone() -> None:
    conditions = [f"amount > {number * 500} && (100 / count_1h < {number} || {' || '.join(['amount < 0'] * 90)})"
                  for number in range(70)]  # fmt: skip
    together = rule_set(*conditions)
    alone = [rule_set(condition) for condition in conditions]
    for values in AMOUNTS:
        hits, errors = together.evaluate(values)
        said = [each.evaluate(values) for each in alone]
        assert ids(hits) == [f"r{number}" for number, each in enumerate(said) if each.hits]
        assert list(errors) == [f"r{number}" for number, each in enumerate(said) if each.errors]


def test_a_rule_hits_until_it_expires_by_the_arrival_of_the_transaction() -> None:
    asked = rule_set("amount > 1", "1 / amount_minor > 0")
    before, then = EXPIRES.replace("2030", "2029"), EXPIRES
    assert ids(asked.hits({"amount": 2, "amount_minor": 1, "arrived_at": before})) == ["r0", "r1"]
    assert asked.evaluate({"amount": 2, "amount_minor": 0, "arrived_at": then}) == ((), ())


def test_disabled_rules_hit_nothing_and_make_another_version() -> None:
    made = rules("amount > 1", "amount > 2")
    without = RuleSet.of(made.without(frozenset({"r0"})))
    assert ids(without.hits({"amount": 3})) == ["r1"]
    assert without.version not in {made.version, made.without(frozenset({"r1"})).version}


def test_live_hits_decide_and_the_strongest_action_counts() -> None:
    hits = [RuleHit("a", "alert", "shadow"), RuleHit("b", "note", "live")]
    assert decision_of(()) == decision_of(hits) == "pass"
    assert decision_of([*hits, RuleHit("c", "review", "live")]) == "review"
    assert decision_of([RuleHit("c", "review", "live"), RuleHit("d", "alert", "live")]) == "alert"


def test_a_set_without_rules_hits_nothing() -> None:
    assert RuleSet.of(Rules(rules=[])).evaluate({"amount": 1}) == ((), ())
    assert rule("true").when == "true"
    assert ids(rule_set("true").hits({})) == ["r0"]
