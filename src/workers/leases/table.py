"""The lease table of one kind of worker in DynamoDB, in KCL's field layout."""

from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import number, replacement, string, strings
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.instants import Instant
from workers.leases.lease import Checkpoint, FlushPlan, Lease, WorkerName
from workers.leases.ledger import Ledger, Minute, Sum, Tally, checkpoint_text
from workers.leases.stream_identity import StreamIdentity
from workers.leases.version_pin import VersionPin

SHARD, OWNER, COUNTER, WANTED_BY, PLAN = "leaseKey", "leaseOwner", "leaseCounter", "handOverTo", "flushPlan"
START_AT: Final = "checkpointTimestamp"
LEDGER: Final = "ledger"
STREAM: Final = "streamIdentity"
PARENTS: Final = "parentShardId"
PINS: Final = "scoring"
# Attributes that a row may go without; writing one without them removes them.
_OPTIONAL: Final = (OWNER, WANTED_BY, PLAN, START_AT, LEDGER, PARENTS, PINS)
_KEPT: Final = f"attribute_exists({SHARD}) AND #{COUNTER} = :seenCounter AND "


class LeaseTable(DynamoDBTable):
    """Reads and conditional writes of one table's rows."""

    async def rows(self) -> list[Lease]:
        """Every row, read consistently."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._name, ConsistentRead=True)
        return [_lease(item) async for page in pages for item in page["Items"]]

    async def row(self, shard_id: ShardId) -> Lease | None:
        """One row, read consistently."""
        item = await self._item({SHARD: string(shard_id)})
        return None if item is None else _lease(item)

    async def create(self, lease: Lease) -> bool:
        """Write the row of a shard that has none; false when it has one."""
        return await self._put_if_absent({SHARD: string(lease.shard_id), **_attributes(lease)}, SHARD)

    async def write(self, seen: Lease, wanted: Lease) -> bool:
        """Change a row that still has the owner and counter that were seen; false when it has not.

        Attributes that are not ours stay as they are.
        """
        attributes = _attributes(wanted)
        values = {f":{name}": value for name, value in attributes.items()} | _seen_values(seen)
        return await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key={SHARD: string(seen.shard_id)},
                UpdateExpression=replacement(attributes, _OPTIONAL),
                ConditionExpression=_KEPT + _owner_kept(seen),
                ExpressionAttributeNames={f"#{name}": name for name in {*attributes, *_OPTIONAL}},
                ExpressionAttributeValues=values,
            )
        )

    async def delete(self, seen: Lease) -> bool:
        """Delete a row that still has the owner and counter that were seen; false when it has not."""
        return await carried_out(
            self._client.delete_item(
                TableName=self._name,
                Key={SHARD: string(seen.shard_id)},
                ConditionExpression=_KEPT + _owner_kept(seen),
                ExpressionAttributeNames={f"#{name}": name for name in (COUNTER, OWNER)},
                ExpressionAttributeValues=_seen_values(seen),
            )
        )


def _owner_kept(seen: Lease) -> str:
    return f"attribute_not_exists(#{OWNER})" if seen.owner is None else f"#{OWNER} = :seenOwner"


def _seen_values(seen: Lease) -> dict[str, Any]:
    owner = {} if seen.owner is None else {":seenOwner": string(seen.owner)}
    return {":seenCounter": number(seen.counter), **owner}


def _attributes(lease: Lease) -> dict[str, Any]:
    texts = {
        OWNER: lease.owner,
        WANTED_BY: lease.wanted_by,
        START_AT: lease.checkpoint.timestamp,
        STREAM: lease.stream,
    }
    attributes: dict[str, Any] = {
        COUNTER: number(lease.counter),
        "checkpoint": string(lease.checkpoint.sequence_number),
        "checkpointSubSequenceNumber": number(lease.checkpoint.sub_sequence_number),
        "ownerSwitchesSinceCheckpoint": number(lease.owner_switches),
        **{name: string(str(text)) for name, text in texts.items() if text is not None},
    }
    if lease.parents:
        attributes[PARENTS] = strings(lease.parents)
    if lease.hash_keys is not None:
        attributes["startingHashKey"], attributes["endingHashKey"] = (string(key) for key in lease.hash_keys)
    if lease.plan is not None:
        first, last = lease.plan.first, lease.plan.last
        attributes[PLAN] = {
            "M": {
                "firstSequenceNumber": string(first.sequence_number),
                "firstSubSequenceNumber": number(first.sub_sequence_number),
                "lastSequenceNumber": string(last.sequence_number),
                "lastSubSequenceNumber": number(last.sub_sequence_number),
                "arrivedAt": string(lease.plan.arrived_at),
                "positions": number(lease.plan.positions),
            }
        }
    if lease.ledger is not None:
        attributes[LEDGER] = {"M": _ledger_attributes(lease.ledger)}
    if lease.pins:
        attributes[PINS] = {"L": [{"M": _pin_attributes(pin)} for pin in lease.pins]}
    return attributes


def _pin_attributes(pin: VersionPin) -> dict[str, Any]:
    start = "" if pin.start is None else checkpoint_text(pin.start)
    texts = {"from": start, "model": pin.model, "challenger": pin.challenger, "rules": pin.rules}
    return {name: string(text) for name, text in texts.items() if text is not None}


def _ledger_attributes(ledger: Ledger) -> dict[str, Any]:
    since = {} if ledger.since is None else {"since": string(ledger.since)}
    texts = {"epoch": ledger.epoch, "through": ledger.through, "leftAt": ledger.left_at}
    tallies = {"open": ledger.open, "leaving": ledger.leaving}
    return {
        **since,
        **{name: string(text) for name, text in texts.items()},
        **{name: {"M": _tally_attributes(tally)} for name, tally in tallies.items()},
    }


def _tally_attributes(tally: Tally) -> dict[str, Any]:
    return {minute: string(f"{noted.count} {noted.digest_text}") for minute, noted in tally.sums}


def _lease(item: Any) -> Lease:
    shard_id = ShardId(item[SHARD]["S"])
    start, end = item.get("startingHashKey"), item.get("endingHashKey")
    owner, wanted_by, plan, ledger, stream = (item.get(name) for name in (OWNER, WANTED_BY, PLAN, LEDGER, STREAM))
    return Lease(
        shard_id=shard_id,
        owner=None if owner is None else WorkerName(owner["S"]),
        counter=int(item[COUNTER]["N"]),
        checkpoint=Checkpoint(
            item["checkpoint"]["S"],
            int(item.get("checkpointSubSequenceNumber", {"N": "0"})["N"]),
            Instant(item[START_AT]["S"]) if START_AT in item else None,
        ),
        parents=tuple(ShardId(parent) for parent in sorted(item.get(PARENTS, {}).get("SS", ()))),
        hash_keys=None if start is None or end is None else (start["S"], end["S"]),
        owner_switches=int(item.get("ownerSwitchesSinceCheckpoint", {"N": "0"})["N"]),
        plan=None if plan is None else _plan(shard_id, plan["M"]),
        wanted_by=None if wanted_by is None else WorkerName(wanted_by["S"]),
        ledger=None if ledger is None else _ledger(ledger["M"]),
        stream=None if stream is None else StreamIdentity.parse(stream["S"]),
        pins=tuple(_pin(shard_id, pin["M"]) for pin in item.get(PINS, {}).get("L", ())),
    )


def _plan(shard_id: ShardId, item: Any) -> FlushPlan:
    first, last = (
        Position(
            shard_id,
            SequenceNumber(item[f"{end}SequenceNumber"]["S"]),
            int(item[f"{end}SubSequenceNumber"]["N"]),
        )
        for end in ("first", "last")
    )
    return FlushPlan(first, last, Instant(item["arrivedAt"]["S"]), int(item["positions"]["N"]))


def _pin(shard_id: ShardId, item: Any) -> VersionPin:
    sequence_number, _, sub = item["from"]["S"].partition("/")
    start = Position(shard_id, SequenceNumber(sequence_number), int(sub)) if sequence_number else None
    model, challenger, rules = (item.get(name, {}).get("S") for name in ("model", "challenger", "rules"))
    return VersionPin(start, model, challenger, rules)


def _ledger(item: Any) -> Ledger:
    return Ledger(
        epoch=item["epoch"]["S"],
        since=Minute(item["since"]["S"]) if "since" in item else None,
        through=item["through"]["S"],
        open=_tally(item["open"]["M"]),
        leaving=_tally(item["leaving"]["M"]),
        left_at=item["leftAt"]["S"],
    )


def _tally(item: Any) -> Tally:
    return Tally.of({Minute(minute): Sum.of_text(*noted["S"].split()) for minute, noted in item.items()})
