"""What a call is, told from its request."""

import json
from typing import Any

import pytest

from tests.chaos.calls import Reading, Request

TABLE = "txn-archive-leases"


def lease_write(seen: str | None, owner: str | None, **values: Any) -> Request:
    """An update of a lease row, as the lease table sends it."""
    sent: dict[str, Any] = {":checkpoint": {"S": "1"}, ":checkpointSubSequenceNumber": {"N": "0"}} | values
    for name, text in ((":seenOwner", seen), (":leaseOwner", owner)):
        if text is not None:
            sent[name] = {"S": text}
    body = {"TableName": TABLE, "Key": {"leaseKey": {"S": "shard"}}, "ExpressionAttributeValues": sent}
    return Request("POST", "/", "DynamoDB_20120810.UpdateItem", (), json.dumps(body).encode())


PLAN: dict[str, Any] = {":flushPlan": {"M": {}}}
PINS: dict[str, Any] = {":scoring": {"L": [{"M": {}}]}}


def test_the_steps_of_a_lease() -> None:
    """From taking it to giving it up, each write is told by what it changes."""
    reading = Reading()
    ended = {":checkpoint": {"S": "SHARD_END"}}
    on = {":checkpoint": {"S": "2"}}
    writes = {
        "take": lease_write(None, "me"),
        "renew": lease_write("me", "me"),
        "pin": lease_write("me", "me", **PINS),
        "plan": lease_write("me", "me", **PLAN, **PINS),
        "checkpoint": lease_write("me", "me", **on),
        "hand-over asked": lease_write("me", "me", **on, **{":handOverTo": {"S": "you"}}),
        "shard end": lease_write("me", "me", **ended, **{":handOverTo": {"S": "you"}}),
        "release": lease_write("me", None, **ended),
    }
    assert [reading.call("archive-1", "dynamodb", write).step for write in writes.values()] == list(writes)


def test_a_hand_over_is_no_takeover() -> None:
    """Both write another owner; only one of them is written by the owner."""
    reading = Reading()
    reading.call("archive-1", "dynamodb", lease_write("me", "me"))
    assert reading.call("archive-1", "dynamodb", lease_write("me", "you")).step == "release"
    assert reading.call("archive-2", "dynamodb", lease_write("me", "you")).step == "take"


@pytest.mark.parametrize(
    ("service", "request_", "step"),
    [
        ("s3", Request("PUT", "/lake/raw/dt=1/a.parquet", "", (), b""), "object put"),
        ("s3", Request("HEAD", "/lake/raw/dt=1/a.parquet", "", (), b""), "object head"),
        ("s3", Request("PUT", "/lake/dead-letters/a.json", "", (), b""), "letter put"),
        ("s3", Request("PUT", "/lake/scores/dt=1/a.parquet", "", (), b""), "object put"),
        ("s3", Request("GET", "/lake/registry/active.json", "", (), b""), "registry get"),
        ("kinesis", Request("POST", "/", "Kinesis_20131202.GetRecords", (), b"{}"), "GetRecords"),
    ],
)
def test_the_steps_of_other_services(service: str, request_: Request, step: str) -> None:
    assert Reading().call("archive-1", service, request_).step == step


@pytest.mark.parametrize(
    ("operation", "table", "step"),
    [
        ("PutItem", "t-transactions", "index write"),
        ("PutItem", "t-merchants", "merchant write"),
        ("PutItem", "t-card-state", "state write"),
        ("UpdateItem", "t-alerts", "alert write"),
        ("PutItem", "t-cases", "case write"),
        ("GetItem", "t-cases", "case read"),
    ],
)
def test_writes_of_the_drains(operation: str, table: str, step: str) -> None:
    request = Request("POST", "/", f"DynamoDB_20120810.{operation}", (), json.dumps({"TableName": table}).encode())
    assert Reading().call("score-1", "dynamodb", request).step == step


@pytest.mark.parametrize(
    ("operation", "table", "step"),
    [("BatchWriteItem", "t-scores", "score write"), ("BatchGetItem", "t-card-state", "state read")],
)
def test_batches_of_the_scorer(operation: str, table: str, step: str) -> None:
    body = json.dumps({"RequestItems": {table: []}}).encode()
    request = Request("POST", "/", f"DynamoDB_20120810.{operation}", (), body)
    assert Reading().call("score-1", "dynamodb", request).step == step


def test_only_the_scorer_publishes_alerts() -> None:
    """What the API puts are transactions."""
    request = Request("POST", "/", "Kinesis_20131202.PutRecords", (), b"{}")
    steps = [Reading().call(sender, "kinesis", request).step for sender in ("score-1", "api")]
    assert steps == ["alert publish", "PutRecords"]
