"""How far the lake is read into a fresh generation of the index, in a table that all who read it share.

The lake is cut into parts, each a prefix of object names (an hour of arrivals). A part's row says up to which object
it is done. A claim keeps processes apart but locks nothing: reading an object again changes nothing in the index.
Beside the parts stands the snapshot: up to where the archive had come when the rebuild began, shard by shard. It is
taken once, and before the parts are listed; so all that it covers is in the parts, and the stream has the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, carried_out, failure_of
from txn_core.dynamodb.attributes import string, strings
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint
from workers.leases.stream_identity import StreamIdentity

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

SNAPSHOT: Final = "#snapshot"  # no object is called so


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where the lake ends and the stream goes on. `cut_off` are shards that had left the stream before their end
    was archived: what stood there is in neither. `listed` says that every part has its row. `stream` is the one whose
    checkpoints they are, where that is known.
    """

    checkpoints: Mapping[ShardId, Checkpoint]
    cut_off: tuple[ShardId, ...]
    listed: bool = False
    stream: StreamIdentity | None = field(default=None, compare=False)

    @classmethod
    def of(
        cls,
        archived: Mapping[ShardId, Checkpoint],
        in_stream: Iterable[ShardId],
        stream: StreamIdentity | None = None,
    ) -> "Snapshot":
        """The snapshot of the archive's checkpoints and the shards that the stream lists."""
        readable = set(in_stream)
        gone = (shard_id for shard_id in sorted(archived) if shard_id not in readable)
        cut_off = tuple(shard_id for shard_id in gone if not archived[shard_id].shard_ended)
        return cls(archived, cut_off, stream=stream)


@dataclass(frozen=True, slots=True)
class Part:
    """Objects whose names begin with a prefix. `unreadable`: one was, and the index lacks what it holds."""

    prefix: str
    claimed: bool = False
    complete: bool = False
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class LakeCount:
    """How much of the lake is in the index, for those who look; `unreadable` are the parts that lack something."""

    parts: int
    parts_done: int
    listed: bool
    cut_off: tuple[ShardId, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all of it is, and nothing is known to lack."""
        return self.listed and self.parts_done == self.parts and not (self.cut_off or self.unreadable)


class LakeProgress:
    """Reads and conditional writes of one generation's table."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client, self._name = client, name

    async def snapshot(self) -> Snapshot | None:
        """The snapshot; none before it is taken."""
        item = await self._item(SNAPSHOT)
        return None if item is None else _snapshot(item)

    async def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the snapshot unless one is kept."""
        checkpoints = {shard_id: string(_text(at)) for shard_id, at in snapshot.checkpoints.items()}
        item: Any = {"part": string(SNAPSHOT), "checkpoints": {"M": checkpoints}}
        if snapshot.cut_off:
            item["cut_off"] = strings(snapshot.cut_off)
        if snapshot.stream is not None:
            item["stream"] = string(str(snapshot.stream))
        await self._put_if_absent(item)

    async def add(self, prefixes: Iterable[str]) -> None:
        """Add parts, and then say that all are there."""
        for prefix in prefixes:
            await self._put_if_absent({"part": string(prefix)})
        await self._update(SNAPSHOT, "SET listed = :true", {":true": {"BOOL": True}})

    async def parts(self) -> list[Part]:
        """Every part, in the order of the names."""
        found = (_part(item) for item in await self._scan() if item["part"]["S"] != SNAPSHOT)
        return sorted(found, key=lambda part: part.prefix)

    async def claim(self, part: Part) -> bool:
        """Claim a part that nobody has claimed; false when somebody has."""
        return await self._update(
            part.prefix, "SET claimed = :true", {":true": {"BOOL": True}}, "attribute_not_exists(claimed)"
        )

    async def done_to(self, part: Part) -> str:
        """The name of the last object of a part that is done; empty when none is."""
        item = await self._item(part.prefix)
        return "" if item is None or "done_to" not in item else str(item["done_to"]["S"])

    async def advance(self, part: Part, key: str) -> None:
        """An object is done, and all before it. Somebody else may be further."""
        await self._update(
            part.prefix,
            "SET done_to = :key",
            {":key": string(key)},
            "attribute_not_exists(done_to) OR done_to < :key",
        )

    async def note_unreadable(self, part: Part) -> None:
        """An object of a part can not be read; the part goes on without it."""
        await self._update(part.prefix, "SET unreadable = :true", {":true": {"BOOL": True}})

    async def complete(self, part: Part) -> None:
        """All objects of a part are done."""
        await self._update(part.prefix, "SET complete = :true", {":true": {"BOOL": True}})

    async def count(self) -> LakeCount | None:
        """How much is done; none where no rebuild from the lake was begun."""
        try:
            items = await self._scan()
        except ClientError as error:
            if failure_of(error) is Failure.NOT_FOUND:
                return None
            raise
        parts = [_part(item) for item in items if item["part"]["S"] != SNAPSHOT]
        snapshots = [_snapshot(item) for item in items if item["part"]["S"] == SNAPSHOT]
        return LakeCount(
            parts=len(parts),
            parts_done=sum(part.complete for part in parts),
            listed=any(snapshot.listed for snapshot in snapshots),
            cut_off=snapshots[0].cut_off if snapshots else (),
            unreadable=tuple(sorted(part.prefix for part in parts if part.unreadable)),
        )

    async def _scan(self) -> list[Any]:
        pages = self._client.get_paginator("scan").paginate(TableName=self._name, ConsistentRead=True)
        return [item async for page in pages for item in page["Items"]]

    async def _item(self, part: str) -> Any | None:
        answer = await self._client.get_item(TableName=self._name, Key={"part": string(part)}, ConsistentRead=True)
        return answer.get("Item")

    async def _put_if_absent(self, item: Any) -> None:
        await carried_out(
            self._client.put_item(TableName=self._name, Item=item, ConditionExpression="attribute_not_exists(part)")
        )

    async def _update(self, part: str, update: str, values: Any, condition: str = "attribute_exists(part)") -> bool:
        return await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key={"part": string(part)},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        )


def _text(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.sequence_number}/{checkpoint.sub_sequence_number}"


def _checkpoint(text: str) -> Checkpoint:
    number, _, sub = text.partition("/")
    return Checkpoint(number, int(sub))


def _snapshot(item: Any) -> Snapshot:
    return Snapshot(
        checkpoints={ShardId(shard_id): _checkpoint(at["S"]) for shard_id, at in item["checkpoints"]["M"].items()},
        cut_off=tuple(ShardId(shard_id) for shard_id in sorted(item.get("cut_off", {}).get("SS", ()))),
        listed="listed" in item,
        stream=StreamIdentity.parse(item["stream"]["S"]) if "stream" in item else None,
    )


def _part(item: Any) -> Part:
    marks = {name: name in item for name in ("claimed", "complete", "unreadable")}
    return Part(item["part"]["S"], **marks)
