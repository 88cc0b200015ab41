"""Which rights a call needs, read from the request that botocore sends."""

import json
from typing import Any

import pytest
from devkit.aws_account.policies.policy import Right
from devkit.aws_account.rights.calls import SignedCall, UnknownCallError
from devkit.aws_account.rights.json_rights import json_rights
from devkit.aws_account.rights.key_rights import encrypted_resource, key_rights
from devkit.aws_account.rights.s3_rights import s3_rights
from devkit.aws_account.rights.stream_tokens import StreamTokens

ACCOUNT = "111122223333"
STREAM = f"arn:aws:kinesis:eu-central-1:{ACCOUNT}:stream/txn"
TABLE = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/"


def signed(service: str, method: str = "POST", target: str = "/", body: bytes = b"", **headers: str) -> SignedCall:
    scope = f"AKIA1/20261130/eu-central-1/{service}/aws4_request"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return SignedCall.parse(method, target, {"Authorization": f"AWS4 Credential={scope}, ...", **given}, body)


def of_json(service: str, operation: str, request: dict[str, Any], tokens: StreamTokens) -> list[tuple[str, str]]:
    call = signed(service, body=json.dumps(request).encode(), X_Amz_Target=f"Some_20200101.{operation}")
    return [(right.action, right.resource) for right in json_rights(call, ACCOUNT, tokens)]


@pytest.mark.parametrize(
    ("service", "operation", "request_body", "expected"),
    [
        ("kinesis", "PutRecords", {"StreamName": "txn"}, [("PutRecords", STREAM)]),
        ("kinesis", "ListShards", {"StreamARN": STREAM}, [("ListShards", STREAM)]),
        ("kinesis", "ListStreams", {}, [("ListStreams", "*")]),
        ("kinesis", "SubscribeToShard", {"ConsumerARN": STREAM + "/consumer/a:1"},
         [("SubscribeToShard", STREAM + "/consumer/a:1")]),
        ("dynamodb", "GetItem", {"TableName": "a"}, [("GetItem", TABLE + "a")]),
        ("dynamodb", "Query", {"TableName": "a", "IndexName": "i"}, [("Query", TABLE + "a/index/i")]),
        ("dynamodb", "BatchWriteItem", {"RequestItems": {"a": [], "b": []}},
         [("BatchWriteItem", TABLE + "a"), ("BatchWriteItem", TABLE + "b")]),
        ("dynamodb", "TransactWriteItems",
         {"TransactItems": [{"Put": {"TableName": "a"}}, {"ConditionCheck": {"TableName": "b"}}]},
         [("PutItem", TABLE + "a"), ("ConditionCheckItem", TABLE + "b")]),
        ("dynamodb", "TransactGetItems", {"TransactItems": [{"Get": {"TableName": "a"}}]},
         [("GetItem", TABLE + "a")]),
    ],
)  # fmt: skip
def test_calls_of_the_json_protocol(
    service: str, operation: str, request_body: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    wanted = [(f"{service}:{action}", arn) for action, arn in expected]

    assert of_json(service, operation, request_body, StreamTokens()) == wanted


def test_a_token_belongs_to_the_stream_of_the_answer_that_gave_it() -> None:
    tokens = StreamTokens()
    tokens.learn(STREAM, {"ShardIterator": "one"})

    assert of_json("kinesis", "GetRecords", {"ShardIterator": "one"}, tokens) == [("kinesis:GetRecords", STREAM)]
    with pytest.raises(UnknownCallError):
        of_json("kinesis", "GetRecords", {"ShardIterator": "two"}, tokens)


def test_calls_that_are_not_known_are_refused() -> None:
    with pytest.raises(UnknownCallError):
        of_json("iam", "CreateUser", {}, StreamTokens())
    with pytest.raises(UnknownCallError):
        of_json("dynamodb", "ExecuteStatement", {"Statement": "SELECT"}, StreamTokens())
    with pytest.raises(UnknownCallError):
        s3_rights(signed("s3", "PUT", "/lake?website"))


@pytest.mark.parametrize(
    ("method", "target", "headers", "expected"),
    [
        ("GET", "/", {}, [("ListAllMyBuckets", "*")]),
        ("HEAD", "/lake", {}, [("ListBucket", "lake")]),
        ("GET", "/lake?list-type=2&prefix=raw%2F&start-after=a", {}, [("ListBucket", "lake")]),
        ("GET", "/lake?location", {}, [("GetBucketLocation", "lake")]),
        ("GET", "/lake/raw/dt%3D1/a", {}, [("GetObject", "lake/raw/dt=1/a")]),
        ("HEAD", "/lake/a?versionId=3", {}, [("GetObjectVersion", "lake/a")]),
        ("PUT", "/lake/a?x-id=PutObject", {}, [("PutObject", "lake/a")]),
        ("PUT", "/lake/a", {"If_Match": '"e"'}, [("PutObject", "lake/a"), ("GetObject", "lake/a")]),
        ("PUT", "/lake/a", {"x_amz_copy_source": "/other/b"}, [("PutObject", "lake/a"), ("GetObject", "other/b")]),
        ("PUT", "/lake/a?partNumber=1&uploadId=u", {}, [("PutObject", "lake/a")]),
        ("DELETE", "/lake/a", {}, [("DeleteObject", "lake/a")]),
        ("DELETE", "/lake/a?uploadId=u", {}, [("AbortMultipartUpload", "lake/a")]),
    ],
)
def test_calls_to_s3(method: str, target: str, headers: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    rights = s3_rights(signed("s3", method, target, **headers))
    wanted = [(f"s3:{action}", arn if arn == "*" else f"arn:aws:s3:::{arn}") for action, arn in expected]

    assert [(right.action, right.resource) for right in rights] == wanted


def test_objects_that_are_deleted_together_need_a_right_each() -> None:
    body = b"<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>"
    rights = s3_rights(signed("s3", "POST", "/lake?delete", body))

    assert [right.action for right in rights] == ["s3:DeleteObject", "s3:DeleteObjectVersion"]


def test_conditions_see_what_the_request_says() -> None:
    (listing,) = s3_rights(signed("s3", "GET", "/lake?list-type=2&prefix=raw%2F"))
    (written,) = s3_rights(signed("s3", "PUT", "/lake/a", If_None_Match="*"))
    (part,) = s3_rights(signed("s3", "PUT", "/lake/a?partNumber=1&uploadId=u"))

    assert listing.context == {"s3:prefix": ("raw/",)}
    assert written.context == {"s3:if-none-match": ("*",), "s3:objectcreationoperation": ("true",)}
    assert part.context == {"s3:objectcreationoperation": ("false",)}


@pytest.mark.parametrize(
    ("action", "resource", "key_action", "service"),
    [
        ("kinesis:PutRecords", STREAM, "kms:GenerateDataKey", "kinesis"),
        ("kinesis:SubscribeToShard", STREAM + "/consumer/a:1", "kms:Decrypt", "kinesis"),
        ("dynamodb:Query", TABLE + "a/index/i", "kms:Decrypt", "dynamodb"),
        ("s3:GetObject", "arn:aws:s3:::lake/raw/a", "kms:Decrypt", "s3"),
    ],
)
def test_what_is_encrypted_needs_the_key_too(action: str, resource: str, key_action: str, service: str) -> None:
    key_of = {encrypted_resource(resource): "arn:key"}
    (right,) = key_rights(Right(action, resource), key_of, "eu-central-1")

    assert right == Right(key_action, "arn:key", {"kms:viaservice": (f"{service}.eu-central-1.amazonaws.com",)})
    assert key_rights(Right(action, resource), {}, "eu-central-1") == []
