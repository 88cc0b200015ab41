"""A call on its way to a server: who sends it, and which step of a protocol it is."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

LEASE_STEPS: Final = ("take", "renew", "plan", "checkpoint", "shard end", "release")

_NOUNS: Final = {
    "merchants": "merchant",
    "transactions": "index",
    "card-state": "state",
    "alerts": "alert",
    "cases": "case",
    "scores": "score",
    "score-counts": "count",
}
"""What a table's calls are called, by the end of its name."""
_FOLDERS: Final = {"raw": "object", "scores": "object", "dead-letters": "letter", "registry": "registry"}
_WRITES: Final = frozenset({"PutItem", "UpdateItem", "BatchWriteItem"})
_KINESIS: Final = "Kinesis_20131202."
_DYNAMODB: Final = "DynamoDB_20120810."


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `step` is a step of ours where it is one, else the operation's own name.

    A lease write names its shard, and the lease's owner before and after it.
    """

    sender: str
    service: str
    step: str
    shard_id: str = ""
    owner_before: str = ""
    owner: str = ""

    @property
    def kind(self) -> str:
        """What the sender is: `api`, `index`, `archive`, `score`."""
        return self.sender.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it is passed on. `target` is its X-Amz-Target, empty for S3."""

    method: str
    path: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(slots=True)
class Reading:
    """Tells what calls are. It remembers each lease row as it was last written, since a renewal and a checkpoint
    differ only in what they change, and who has which owner name, since a hand-over looks like a takeover.
    """

    _rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def call(self, sender: str, service: str, request: Request) -> Call:
        """The call of a process that an HTTP request is."""
        if service == "s3":
            return Call(sender, service, _object_step(request.method, request.path))
        operation = request.target.removeprefix(_KINESIS).removeprefix(_DYNAMODB)
        if service == "kinesis" or not request.body:
            publishes = sender.startswith("score") and operation.startswith("PutRecord")
            return Call(sender, service, "alert publish" if publishes else operation)
        return self._table_call(sender, operation, json.loads(request.body))

    def _table_call(self, sender: str, operation: str, request: dict[str, Any]) -> Call:
        table = request.get("TableName") or next(iter(request.get("RequestItems", ())), "")
        if table.endswith("-leases"):
            return self._lease_call(sender, table, operation, request)
        for name, noun in _NOUNS.items():
            if table.endswith(f"-{name}"):
                return Call(sender, "dynamodb", f"{noun} {'write' if operation in _WRITES else 'read'}")
        return Call(sender, "dynamodb", operation)

    def _lease_call(self, sender: str, table: str, operation: str, request: dict[str, Any]) -> Call:
        if operation != "UpdateItem":
            return Call(sender, "dynamodb", "lease create" if operation == "PutItem" else "lease read")
        values: dict[str, Any] = request["ExpressionAttributeValues"]
        shard_id: str = request["Key"]["leaseKey"]["S"]
        before = self._rows.get((table, shard_id), {})
        self._rows[table, shard_id] = values
        owner, owner_before = (values.get(f":{name}", {}).get("S", "") for name in ("leaseOwner", "seenOwner"))
        step = _lease_step(before, values)
        if owner != owner_before:
            step = "release" if not owner or owner_before == self._names.get(sender) else "take"
        elif step not in {"hand-over asked", "hand-over withdrawn"}:  # which others write into an owner's row
            self._names[sender] = owner
        return Call(sender, "dynamodb", step, shard_id, owner_before, owner)


def _lease_step(before: dict[str, Any], values: dict[str, Any]) -> str:
    if values.get(":handOverTo") != before.get(":handOverTo"):
        return "hand-over asked" if ":handOverTo" in values else "hand-over withdrawn"
    if values[":checkpoint"] == {"S": "SHARD_END"}:
        return "shard end"
    if values.get(":flushPlan") and values.get(":flushPlan") != before.get(":flushPlan"):
        return "plan"
    done = (":checkpoint", ":checkpointSubSequenceNumber")
    if any(values[name] != before.get(name, values[name]) for name in done):
        return "checkpoint"
    return "pin" if values.get(":scoring") not in (None, before.get(":scoring")) else "renew"


def _object_step(method: str, path: str) -> str:
    key = path.partition("?")[0].strip("/").partition("/")[2]
    noun = _FOLDERS.get(key.partition("/")[0], "bucket")
    return f"{noun} {method.lower()}"
