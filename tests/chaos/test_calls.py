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


def test_the_steps_of_a_lease() -> None:
    """From taking it to giving it up, each write is told by what it changes."""
    reading = Reading()
    ended = {":checkpoint": {"S": "SHARD_END"}}
    on = {":checkpoint": {"S": "2"}}
    writes = {
        "take": lease_write(None, "me"),
        "renew": lease_write("me", "me"),
        "plan": lease_write("me", "me", **PLAN),
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
        ("kinesis", Request("POST", "/", "Kinesis_20131202.GetRecords", (), b"{}"), "GetRecords"),
    ],
)
def test_the_steps_of_other_services(service: str, request_: Request, step: str) -> None:
    assert Reading().call("archive-1", service, request_).step == step


@pytest.mark.parametrize(("table", "step"), [("t-transactions", "index write"), ("t-merchants", "merchant write")])
def test_writes_of_the_index(table: str, step: str) -> None:
    request = Request("POST", "/", "DynamoDB_20120810.PutItem", (), json.dumps({"TableName": table}).encode())
    assert Reading().call("index-1", "dynamodb", request).step == step
