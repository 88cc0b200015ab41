"""How far the lake is read into a fresh generation of the index, and where the stream goes on.

Beside the parts (`txn_core.lake.progress`) stands the snapshot: up to where the archive had come when the rebuild
began, shard by shard. It is taken once, and before the parts are listed. So all that it covers is in the parts, and
the stream has the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, failure_of
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import string, strings
from txn_core.lake.progress import HEAD, INDEX_REBUILD, ConsumerProgress
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint
from workers.leases.stream_identity import StreamIdentity


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
        gone = sorted(archived.keys() - set(in_stream))
        return cls(archived, tuple(shard for shard in gone if not archived[shard].shard_ended), stream=stream)


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


class LakeProgress(ConsumerProgress):
    """The rows of the index's rebuild, in the table of its generation: parts and snapshot."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        super().__init__(client, name, INDEX_REBUILD)

    async def snapshot(self) -> Snapshot | None:
        """The snapshot; none before it is taken."""
        item = await self._item(self._key(HEAD))
        return _snapshot(item) if item is not None and "checkpoints" in item else None

    async def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the snapshot unless one is kept."""
        places = {
            shard_id: string(f"{at.sequence_number}/{at.sub_sequence_number}")
            for shard_id, at in snapshot.checkpoints.items()
        }
        attributes: dict[str, Any] = {"checkpoints": {"M": places}}
        if snapshot.cut_off:
            attributes["cut_off"] = strings(snapshot.cut_off)
        if snapshot.stream is not None:
            attributes["stream"] = string(str(snapshot.stream))
        await self._put_if_absent(self._key(HEAD) | attributes, "part")

    async def count(self) -> LakeCount | None:
        """How much is done; none where no rebuild from the lake was begun."""
        try:
            snapshot, parts = await self.snapshot(), await self.parts()
        except ClientError as error:
            if failure_of(error) is Failure.NOT_FOUND:
                return None
            raise
        return LakeCount(
            parts=len(parts),
            parts_done=sum(part.complete for part in parts),
            listed=snapshot is not None and snapshot.listed,
            cut_off=() if snapshot is None else snapshot.cut_off,
            unreadable=tuple(sorted(part.prefix for part in parts if part.unreadable)),
        )


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
