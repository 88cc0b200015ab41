"""Conditions of policies, held against a table of what the IAM User Guide says of each operator."""

import pytest
from devkit.aws_account.policies.conditions import UnknownConditionError, holds

ABSENT: tuple[str, ...] = ()

# The operator, the values of the policy, the values of the request (none: the key is absent), whether it holds.
EXAMPLES: list[tuple[str, object, tuple[str, ...], bool]] = [
    ("StringEquals", "a", ("a",), True),
    ("StringEquals", "a", ("A",), False),
    ("StringEquals", ["b", "a"], ("a",), True),
    ("StringEquals", "a*", ("ab",), False),
    ("StringEquals", "a", ABSENT, False),
    ("StringEqualsIfExists", "a", ABSENT, True),
    ("StringEqualsIfExists", "a", ("b",), False),
    ("StringNotEquals", "a", ("b",), True),
    ("StringNotEquals", ["a", "b"], ("b",), False),
    ("StringNotEquals", ["a", "b"], ("c",), True),
    ("StringNotEquals", "a", ABSENT, True),
    ("StringNotEqualsIfExists", "a", ABSENT, True),
    ("StringEqualsIgnoreCase", "aB", ("Ab",), True),
    ("StringNotEqualsIgnoreCase", "aB", ("Ab",), False),
    ("StringLike", "raw/*", ("raw/dt=1/x",), True),
    ("StringLike", "raw/*", ("RAW/x",), False),
    ("StringLike", "?", ("ab",), False),
    ("StringLike", ["raw/*", ""], ("",), True),
    ("StringLike", "*", ABSENT, False),
    ("StringNotLike", "raw/*", ("curated/x",), True),
    ("StringNotLike", ["raw/*", "cur*"], ("curated/x",), False),
    ("StringNotLike", "raw/*", ABSENT, True),
    ("Bool", "false", ("false",), True),
    ("Bool", "false", ("true",), False),
    ("Bool", False, ("false",), True),
    ("Bool", "false", ABSENT, False),
    ("BoolIfExists", "true", ABSENT, True),
    ("Null", "true", ABSENT, True),
    ("Null", "true", ("*",), False),
    ("Null", True, ABSENT, True),
    ("Null", "false", ABSENT, False),
    ("Null", "false", ("x",), True),
    ("ArnLike", "arn:aws:ecs:eu-west-1:1:*", ("arn:aws:ecs:eu-west-1:1:task/x",), True),
    ("ArnLike", "arn:aws:ecs:*:1:task/*", ("arn:aws:ecs:eu-west-1:1:task/x:y",), True),
    ("ArnLike", "arn:aws:ecs:*:task/x", ("arn:aws:ecs:eu-west-1:1:task/x",), False),
    ("ArnEquals", "arn:aws:ecs:*:1:task/x", ("arn:aws:ecs:eu-west-1:1:task/x",), True),
    ("ArnNotLike", "arn:aws:ecs:*:1:*", ("arn:aws:ecs:eu-west-1:2:task/x",), True),
    ("ArnNotEquals", "arn:aws:ecs:*:1:*", ("arn:aws:ecs:eu-west-1:1:task/x",), False),
    ("NumericEquals", "12", ("12.0",), True),
    ("NumericNotEquals", "12", ("13",), True),
    ("NumericLessThan", "1.2", ("1.1",), True),
    ("NumericLessThan", 1.2, ("1.3",), False),
    ("NumericLessThan", "1.2", ("1.2",), False),
    ("NumericLessThanEquals", "10", ("10",), True),
    ("NumericLessThanEquals", "10", ("9",), True),
    ("NumericGreaterThan", "9", ("10",), True),
    ("NumericGreaterThanEquals", "10", ("9",), False),
    ("NumericGreaterThan", "10", ("many",), False),
    ("NumericLessThan", "10", ABSENT, False),
    ("NumericLessThanIfExists", "10", ABSENT, True),
    ("IpAddress", "10.0.0.0/8", ("10.1.2.3",), True),
    ("IpAddress", "10.0.0.0/8", ("11.1.2.3",), False),
    ("NotIpAddress", "10.0.0.0/8", ("11.1.2.3",), True),
    ("NotIpAddress", "10.0.0.0/8", ABSENT, True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "c"), False),
    ("ForAllValues:StringEquals", ["a"], ABSENT, True),
    ("ForAllValues:StringLike", ["acme#*"], ("acme#1", "acme#2"), True),
    ("ForAllValues:StringLike", ["acme#*"], ("acme#1", "other#2"), False),
    ("ForAllValues:StringNotEquals", ["a", "b"], ("c", "d"), True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ("a", "d"), False),
    ("ForAnyValue:StringEquals", ["a", "b"], ("a", "c"), True),
    ("ForAnyValue:StringEquals", ["a", "b"], ("c", "d"), False),
    ("ForAnyValue:StringEquals", ["a"], ABSENT, False),
    ("ForAnyValue:StringEqualsIfExists", ["a"], ABSENT, True),
    ("ForAnyValue:StringNotEquals", ["a"], ("a", "b"), True),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ("a", "b"), False),
    ("ForAnyValue:StringNotEquals", ["a"], ABSENT, False),
]


@pytest.mark.parametrize(("operator", "policy", "request_values", "expected"), EXAMPLES)
def test_an_operator_means_what_the_guide_says(
    operator: str, policy: object, request_values: tuple[str, ...], expected: object
) -> None:
    context = {"aws:key": request_values} if request_values is not ABSENT else {}

    assert holds({operator: {"aws:Key": policy}}, context) is expected


def test_all_operators_and_all_keys_have_to_hold() -> None:
    conditions = {"StringEquals": {"k:a": "1", "k:b": "2"}, "Null": {"k:c": "true"}}

    assert holds(conditions, {"k:a": ("1",), "k:b": ("2",)})
    assert not holds(conditions, {"k:a": ("1",)})
    assert not holds(conditions, {"k:a": ("1",), "k:b": ("2",), "k:c": ("3",)})
    assert holds({}, {})


@pytest.mark.parametrize(
    "conditions",
    [{"DateLessThan": {"aws:CurrentTime": "2026-01-01"}}, {"StringEquals": {"a:b": "${aws:username}"}}],
)
def test_what_is_not_evaluated_is_refused(conditions: dict[str, dict[str, object]]) -> None:
    with pytest.raises(UnknownConditionError):
        holds(conditions, {"a:b": ("x",)})
