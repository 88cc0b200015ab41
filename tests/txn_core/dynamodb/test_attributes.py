"""Attributes, as the reader of AWS' own client takes them."""

from boto3.dynamodb.types import TypeDeserializer

from txn_core.dynamodb.attributes import number, string, strings


def test_attributes_are_read_as_what_they_were_made_of() -> None:
    read = TypeDeserializer().deserialize
    assert read(string("a")) == "a"
    assert read(number(12)) == 12
    assert read(strings(text for text in ("a", "b"))) == {"a", "b"}
