"""Requests and answers of direct calls beside botocore's own serializer and parser of DynamoDB."""

import base64
import json
from typing import Any, Final

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from txn_core.aws.json_calls import UNREADABLE
from txn_core.dynamodb.binary_attributes import with_base64, with_bytes

MODEL: Final = ServiceModel(Loader().load_service_model("dynamodb", "service-2"), "dynamodb")
TEXTS: Final = st.text(max_size=8) | st.sampled_from(['"B":', '{"B":"eHg="}', "\\"])
NAMES: Final = st.sampled_from(["B", "BS", "M", "L", "S", "event", "order"])
PLAIN: Final = st.one_of(
    st.builds(lambda value: {"S": value}, TEXTS),
    st.builds(lambda value: {"N": str(value)}, st.integers()),
    st.builds(lambda value: {"SS": value}, st.lists(TEXTS, min_size=1, max_size=3)),
    st.sampled_from([{"BOOL": True}, {"NULL": True}]),
)
BINARY: Final = st.one_of(
    st.builds(lambda value: {"B": value}, st.binary(max_size=40)),
    st.builds(lambda value: {"BS": value}, st.lists(st.binary(max_size=9), min_size=1, max_size=3)),
)
ATTRIBUTES: Final = st.recursive(
    PLAIN | BINARY,
    lambda inner: st.one_of(
        st.builds(lambda value: {"M": value}, st.dictionaries(NAMES, inner, max_size=3)),
        st.builds(lambda value: {"L": value}, st.lists(inner, max_size=3)),
    ),
    max_leaves=6,
)
ITEMS: Final = st.dictionaries(NAMES, ATTRIBUTES, max_size=4)


def requests(item: dict[str, Any], other: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A request of each operation that goes the direct way, with these attributes wherever it has any."""
    values = {f":{name}": value for name, value in other.items()}
    table = {"TableName": "t"}
    return {
        "PutItem": {**table, "Item": item, "ConditionExpression": "a = :B", "ExpressionAttributeValues": values},
        "UpdateItem": {**table, "Key": item, "UpdateExpression": "SET #B = :B", "ExpressionAttributeValues": values},
        "GetItem": {**table, "Key": item, "ConsistentRead": True},
        "Query": {**table, "ExpressionAttributeValues": values, "ExclusiveStartKey": item, "Limit": 3},
        "BatchGetItem": {"RequestItems": {"t": {"Keys": [item, other], "ExpressionAttributeNames": {"#B": "B"}}}},
    }


@given(ITEMS, ITEMS)
def test_a_request_is_what_botocore_makes_of_it(item: dict[str, Any], other: dict[str, Any]) -> None:
    serializer = create_serializer("json", include_validation=False)
    for operation, request in requests(item, other).items():
        theirs = serializer.serialize_to_request(request, MODEL.operation_model(operation))["body"]
        assert json.loads(to_json(with_base64({**request}))) == json.loads(theirs)
        assert request == requests(item, other)[operation], "what the caller has stays as it is"


def answers(item: dict[str, Any], other: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """An answer to each operation, with these attributes wherever it has any."""
    return {
        "PutItem": {"Attributes": item},
        "UpdateItem": {"Attributes": item},
        "GetItem": {"Item": item},
        "Query": {"Items": [item, other], "Count": 2, "ScannedCount": 2, "LastEvaluatedKey": other},
        "BatchGetItem": {"Responses": {"t": [item, other]}, "UnprocessedKeys": {"t": {"Keys": [other]}}},
    }


@given(ITEMS, ITEMS, st.sampled_from([(",", ":"), (", ", " : ")]))
def test_an_answer_is_what_botocore_makes_of_it(
    item: dict[str, Any], other: dict[str, Any], separators: tuple[str, str]
) -> None:
    for operation, answer in answers(item, other).items():
        content = json.dumps(answer, default=_base64, separators=separators).encode()
        response = {"status_code": 200, "headers": {}, "body": content}
        shape: Any = MODEL.operation_model(operation).output_shape
        theirs = create_parser("json").parse(response, shape)
        del theirs["ResponseMetadata"]
        assert with_bytes(from_json(content), content) == theirs == answer


def test_attributes_without_bytes_are_not_made_again() -> None:
    """Of nearly all requests and answers none is."""
    item = {"id": {"S": '"B":'}, "at": {"N": "1"}}
    assert with_base64({"Item": item})["Item"] is item
    answer: dict[str, Any] = {"Item": item}
    assert with_bytes(answer, json.dumps(answer).encode()) is answer


@pytest.mark.parametrize(
    "content",
    [b'{"Item":{"x":{"B":"a"}}}', b'{"Item":{"x":{"B":5}}}', b'{"Items":["B"],"Item":{"x":{"B":""}}}'],
)
def test_what_dynamodb_never_sends_is_refused(content: bytes) -> None:
    with pytest.raises(UNREADABLE):
        with_bytes(from_json(content), content)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
