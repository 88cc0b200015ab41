"""Attributes, as the reader of AWS' own client takes them."""

from boto3.dynamodb.types import TypeDeserializer

from txn_core.dynamodb.attributes import number, replacement, string, strings


def test_attributes_are_read_as_what_they_were_made_of() -> None:
    read = TypeDeserializer().deserialize
    assert read(string("a")) == "a"
    assert read(number(12)) == 12
    assert read(strings(text for text in ("a", "b"))) == {"a", "b"}


def test_a_replacement_sets_what_is_given_and_removes_what_is_not() -> None:
    assert replacement(["a", "b"], ["b", "c"]) == "SET #a = :a, #b = :b REMOVE #c"
    assert replacement(["a"], ["a"]) == "SET #a = :a"
