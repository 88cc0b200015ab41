"""Hostile and mistaken conditions are refused when they are written, and what is taken takes little time."""

import random
import resource

import pytest

from fraud.rules.rule import TEXT_CHARACTERS_MAX
from fraud.rules.rule_error import RuleError
from fraud.rules.variables import VARIABLES, Value
from tests.fraud.rules.written import rule_set

REFUSED = {
    "undeclared": "nope > 1",
    "wrong type": "amount > 'x'",
    "a double beside an integer": "amount_to_mean > 5",
    "null": "amount == null",
    "no condition": "amount",
    "nothing": " ",
    "only a comment": "// amount > 1",
    "half": "amount > 1 &&",
    "nested": "(" * 40 + "amount > 1" + ")" * 40,
    "nested lists": "[" * 900 + "]" * 900 + " == []",
    "negated": "(-" * 300 + "amount" + ")" * 300 + " > 1",
    "added": "amount" + "+amount" * 270 + " > 1",
    "pattern": r"job.matches('(a+)+$')",
    "pattern of a pattern": "job.matches(job)",
    "comprehension": "[1, 2].exists(x, x > amount)",
    "huge comprehension": "[1,2,3].map(a, [1,2,3].map(b, [1,2,3].map(c, a * b * c))).size() > 1",
    "has": "has(amount.x)",
    "macro of an extension": "cel.bind(x, amount, x > 1)",
    "doubled text": "job + job + job == job",
    "division of doubles": "amount_to_mean / 0.0 > 1.0",
    "division of converted": "double(amount) / double(count_1h) > 1.0",
    "dynamic": "dyn(amount) > 1.5",
    "conversion": "int(job) > 1",
    "time": "timestamp(job) > timestamp('2020-01-01T00:00:00Z')",
    "end of the list": "true], [true",
    "end of the parenthesis": "true) || (true",
    "unknown list": "in_list('nobody', merchant_id)",
    "list by a variable": "in_list(job, merchant_id)",
    "list by an expression": "in_list('blocked' + '_merchants', merchant_id)",
    "list of a number": "in_list('blocked_merchants', amount)",
    "many lists": " || ".join(["in_list('blocked_merchants', job)"] * 9),
    "long strings": "job == '''text'''",
    "escaped": r"job == '\x34'",
    "map": "{'a': 1} == {'a': 1}",
    "map by lists": "{[1.5]: 1}",
    "message": "google.protobuf.Int64Value{value: 1} == amount",
    "long name": "a" * 1_900,
    "huge integer": "amount > 99999999999999999999",
    "controls": "amount\x00 > 1",
}  # fmt: skip


@pytest.mark.parametrize("when", REFUSED.values(), ids=REFUSED)
def test_a_hostile_or_mistaken_condition_is_refused_in_one_line_that_names_the_rule(when: str) -> None:
    with pytest.raises(RuleError) as refused:
        rule_set("amount > 1", when)
    assert str(refused.value).startswith("rule r1: ")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("when", "helps"),
    [("amount == null", True), ("null == amount", True), ("// amount > 1", False), ("amount >", False)],
)
def test_what_is_said_of_a_missing_value_is_said_where_one_is_asked_for(when: str, *, helps: bool) -> None:
    """The library names null in every fault that lists what may stand there."""
    with pytest.raises(RuleError) as refused:
        rule_set(when)
    assert ("has_amount" in str(refused.value)) is helps


@pytest.mark.parametrize(
    "when",
    [
        "amount<0" + "||amount<0" * 190,
        "amount>=0" + "&&amount>=0" * 170,
        "!" * 1_900 + "true",
        "amount in [" + ",".join("1" * 900) + "]",
        "job in [" + ",".join(["'a'"] * 450) + "]",
        " || ".join(["job.contains(state)"] * 80),
        "1/(amount-amount)>1" + "||amount<0" * 170,
    ],
    ids=lambda when: when[:12],
)
def test_the_dearest_conditions_keep_no_memory_and_fail_once(when: str) -> None:
    assert len(when) <= TEXT_CHARACTERS_MAX
    asked = rule_set(when)
    values: dict[str, Value] = {"amount": 5, "job": "a" * 1_000, "state": "b" * 1_000}
    asked.evaluate(values)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(200):
        assert len(asked.evaluate(values).errors) <= 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 8_000


def test_garbage_is_refused_or_hits_and_ends_no_process() -> None:
    rng = random.Random(23)
    signs = [*"'\"()[]{}!-/.,?:%\\\n\x7f", "&&", "||", "==", "//", "0", "1.5", "1e999", "9" * 30, "1u"]
    words = [*VARIABLES, *signs, "in", "in_list", "null", "true", "double", "\u00e9"]
    taken = 0
    for length in (1, 2, 3, 3, 3, 5, 9, 80) * 40:
        try:
            asked = rule_set(" ".join(rng.choice(words) for _ in range(length)))
        except RuleError:
            continue
        taken += 1
        asked.evaluate({"amount": 1})
    assert taken
