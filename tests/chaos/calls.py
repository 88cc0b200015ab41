"""A call on its way to a server: who sends it, and which step of a protocol it is."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

LEASE_STEPS: Final = ("take", "renew", "plan", "checkpoint", "shard end", "release")
OBJECT_STEPS: Final = ("object put", "object head")
INDEX_STEPS: Final = ("index write", "merchant write", "letter put")

_KINESIS: Final = "Kinesis_20131202."
_DYNAMODB: Final = "DynamoDB_20120810."


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `step` is a step of ours where it is one, else the operation's own name."""

    sender: str
    service: str
    step: str
    shard_id: str = ""

    @property
    def kind(self) -> str:
        """What the sender is: `api`, `index`, `archive`."""
        return self.sender.partition("-")[0]


@dataclass(slots=True)
class Reading:
    """Tells what calls are. It remembers each lease row as it was last written, since a renewal and a checkpoint
    differ only in what they change.
    """

    _rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def call(self, sender: str, service: str, method: str, path: str, target: str, body: bytes) -> Call:
        """The call of an HTTP request."""
        if service == "s3":
            return Call(sender, service, _object_step(method, path))
        operation = target.removeprefix(_KINESIS).removeprefix(_DYNAMODB)
        if service == "kinesis" or not body:
            return Call(sender, service, operation)
        request = json.loads(body)
        table = request.get("TableName", "")
        if table.endswith("-leases"):
            return self._lease_call(sender, table, operation, request)
        writes = operation in {"PutItem", "UpdateItem"}
        for name in ("merchants", "transactions"):
            if table.endswith(name):
                noun = {"merchants": "merchant", "transactions": "index"}[name]
                return Call(sender, service, f"{noun} {'write' if writes else 'read'}")
        return Call(sender, service, operation)

    def _lease_call(self, sender: str, table: str, operation: str, request: dict[str, Any]) -> Call:
        if operation != "UpdateItem":
            return Call(sender, "dynamodb", "lease create" if operation == "PutItem" else "lease read")
        values: dict[str, Any] = request["ExpressionAttributeValues"]
        shard_id: str = request["Key"]["leaseKey"]["S"]
        before = self._rows.get((table, shard_id), {})
        self._rows[table, shard_id] = values
        return Call(sender, "dynamodb", _lease_step(before, values), shard_id)


def _lease_step(before: dict[str, Any], values: dict[str, Any]) -> str:
    if ":leaseOwner" not in values:
        return "release"
    if values[":leaseOwner"] != values.get(":seenOwner"):
        return "take"
    if values.get(":handOverTo") and values.get(":handOverTo") != before.get(":handOverTo"):
        return "hand-over asked"
    if values[":checkpoint"] == {"S": "SHARD_END"}:
        return "shard end"
    if values.get(":flushPlan") and values.get(":flushPlan") != before.get(":flushPlan"):
        return "plan"
    done = (":checkpoint", ":checkpointSubSequenceNumber")
    return "renew" if all(values[name] == before.get(name, values[name]) for name in done) else "checkpoint"


def _object_step(method: str, path: str) -> str:
    key = path.partition("?")[0].strip("/").partition("/")[2]
    noun = {"raw": "object", "dead-letters": "letter"}.get(key.partition("/")[0], "bucket")
    return f"{noun} {method.lower()}"
