"""The expressions of conditional updates."""

from txn_core.dynamodb.conditions import replacement


def test_a_replacement_sets_what_is_given_and_removes_what_is_not() -> None:
    assert replacement(["a", "b"], ["b", "c"]) == "SET #a = :a, #b = :b REMOVE #c"
    assert replacement(["a"], ["a"]) == "SET #a = :a"
