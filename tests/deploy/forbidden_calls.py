"""Calls that no process may make. Each says whose they are, and why they would do harm."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.deploy.deployed import ACCOUNT, REGION

STREAM: Final = "txn-transactions"
LAKE: Final = f"txn-lake-{ACCOUNT}-{REGION}"
FILES: Final = f"txn-files-{ACCOUNT}-{REGION}"
RAW: Final = "raw/dt=2026-11-30/hr=10/shardId-000000000000-1-0.parquet"
LETTER: Final = "dead-letters/index/decode/2026-11-30/1"
EVERYBODY: Final = ("api", "index", "archive", "score", "ingest")


@dataclass(frozen=True, slots=True)
class ForbiddenCall:
    """A call that has to be refused.

    Attributes:
        who: the process whose role makes it.
        headers: what the request has besides, `X-Forwarded-Proto: http` for one without TLS.
    """

    who: str
    service: str
    operation: str
    parameters: Mapping[str, Any]
    why: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A name for the reports of tests."""
        return f"{self.who} {self.service} {self.operation}: {self.why}"


def _item(table: str, **more: Any) -> dict[str, Any]:
    return {"TableName": f"txn-{table}", "Item": {"id": {"S": "x"}}, **more}


def _key(table: str, name: str = "id") -> dict[str, Any]:
    return {"TableName": f"txn-{table}", "Key": {name: {"S": "x"}}}


def _put(key: str, bucket: str = LAKE, **more: Any) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": key, "Body": b"x", **more}


def _get(key: str, bucket: str = LAKE) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": key}


_RECORDS: Final = {"StreamName": STREAM, "Records": [{"Data": b"x", "PartitionKey": "p"}]}
_WITHOUT_TLS: Final = {"X-Forwarded-Proto": "http"}
_POLICY: Final = {"Bucket": LAKE, "Policy": "{}"}
_SUSPENDED: Final = {"Bucket": LAKE, "VersioningConfiguration": {"Status": "Suspended"}}


def forbidden_calls() -> Iterator[ForbiddenCall]:
    """All of them."""
    yield from _of_api()
    yield from _of_drains()
    yield from _of_ingest()
    for who in EVERYBODY:
        yield ForbiddenCall(who, "kinesis", "delete_stream", {"StreamName": STREAM}, "the one source of truth")
        yield ForbiddenCall(who, "dynamodb", "scan", {"TableName": "txn-api-keys"}, "all keys at once")
        yield ForbiddenCall(who, "s3", "delete_object", _get(RAW), "the lake holds each position once")


def _of_api() -> Iterator[ForbiddenCall]:
    def call(service: str, operation: str, parameters: Mapping[str, Any], why: str, **headers: str) -> ForbiddenCall:
        return ForbiddenCall("api", service, operation, parameters, why, headers)

    yield call(
        "kinesis",
        "update_shard_count",
        {"StreamName": STREAM, "TargetShardCount": 1, "ScalingType": "UNIFORM_SCALING"},
        "an operator reshards",
    )
    yield call(
        "kinesis",
        "merge_shards",
        {"StreamName": STREAM, "ShardToMerge": "a", "AdjacentShardToMerge": "b"},
        "an operator reshards",
    )
    yield call(
        "kinesis",
        "put_record",
        {"StreamName": "txn-alerts", "Data": b"x", "PartitionKey": "p"},
        "alerts are the scorer's",
    )
    yield call("dynamodb", "put_item", _item("transactions"), "the index is a view that one worker writes")
    yield call("dynamodb", "scan", {"TableName": "txn-transactions"}, "all accounts at once")
    yield call("dynamodb", "put_item", _item("api-keys"), "it would give itself rights")
    yield call("dynamodb", "update_item", _key("index-leases", "leaseKey"), "leases are the workers'")
    yield call("dynamodb", "delete_table", {"TableName": "txn-cases"}, "nothing can rebuild it")
    yield call("dynamodb", "get_item", _key("card-state", "card"), "states are the scorer's")
    yield call("s3", "get_object", _get(RAW), "the API reads no lake")
    yield call("s3", "put_object", _put(RAW, IfNoneMatch="*"), "the lake is the archive's")
    yield call("s3", "get_object", _get("file.csv", FILES), "clients' files may hold card numbers")
    yield call("s3", "get_object", _get(LETTER), "a call without TLS", **_WITHOUT_TLS)
    yield call(
        "kms",
        "decrypt",
        {"CiphertextBlob": b"x", "KeyId": "txn-data-DataKey"},
        "a key is used through a service alone",
    )
    yield call("secretsmanager", "get_secret_value", {"SecretId": "txn/card-keys"}, "ECS hands secrets over")


def _of_drains() -> Iterator[ForbiddenCall]:
    yield ForbiddenCall("index", "kinesis", "put_records", _RECORDS, "a worker reads the stream")
    yield ForbiddenCall("index", "dynamodb", "delete_item", _key("transactions"), "the first write stays")
    yield ForbiddenCall("index", "dynamodb", "update_item", _key("archive-leases", "leaseKey"), "another's leases")
    yield ForbiddenCall("index", "s3", "get_object", _get(RAW), "the index is read from the stream")
    yield ForbiddenCall("index", "s3", "put_object", _put(RAW, IfNoneMatch="*"), "the lake is the archive's")
    yield ForbiddenCall("index", "s3", "put_object", _put(LETTER), "it would write a letter over another")
    yield ForbiddenCall("archive", "s3", "put_object", _put(RAW), "it would write an object over another")
    yield ForbiddenCall("archive", "s3", "put_object", _put(RAW, IfMatch='"e"'), "the same, by If-Match")
    yield ForbiddenCall("archive", "s3", "put_object", _put(RAW, IfNoneMatch="*"), "without TLS", _WITHOUT_TLS)
    yield ForbiddenCall("archive", "s3", "put_bucket_policy", _POLICY, "it would take the guard away")
    yield ForbiddenCall("archive", "s3", "put_bucket_versioning", _SUSPENDED, "it would take the guard away")
    yield ForbiddenCall("archive", "dynamodb", "put_item", _item("transactions"), "the index is another's")
    yield ForbiddenCall(
        "score",
        "kinesis",
        "put_record",
        {"StreamName": STREAM, "Data": b"x", "PartitionKey": "p"},
        "it would make transactions",
    )
    yield ForbiddenCall("score", "dynamodb", "put_item", _item("labels"), "labels are reviewers'")
    yield ForbiddenCall("score", "s3", "put_object", _put("registry/models/x"), "it would choose its own model")


def _of_ingest() -> Iterator[ForbiddenCall]:
    yield ForbiddenCall("ingest", "kinesis", "put_records", _RECORDS, "it uploads through the API")
    yield ForbiddenCall("ingest", "s3", "put_object", _put("x.csv", FILES), "the bucket is the clients'")
    yield ForbiddenCall("ingest", "s3", "get_object", _get(RAW), "the lake is not for it")
    yield ForbiddenCall("ingest", "dynamodb", "put_item", _item("api-keys"), "it would give itself rights")
