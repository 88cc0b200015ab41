"""What stands on the leases of a worker kind that belong to another stream, and what a reset would make of each.

Nothing that the present stream holds may be read twice into the lake. So a lease whose worker went on into the
present stream (a reader that had nothing to begin behind does) keeps its place there; every other one goes, and its
shard is read from its horizon. A plan that stands on a lease was to become an object: it is there, or its records are
lost for the lake, since the stream that had them is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from operations.patience import briefly
from txn_core.aws.errors import code_of
from txn_core.aws.objects import ObjectStore
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.drains import ARCHIVE, INDEX, DrainDefinition
from txn_core.dynamodb.tables import FIRST_GENERATION, TableNames
from txn_core.exceptions import StoreError
from txn_core.positions import Position
from txn_core.settings import Settings
from workers.leases.belonging import belonging
from workers.leases.lease import FlushPlan, Lease
from workers.leases.shards import Shard, list_shards
from workers.leases.stream_identity import StreamIdentity, summary_of
from workers.leases.stream_watch import DOUBTFUL
from workers.leases.table import LeaseTable
from workers.planned.planned_object import object_key, object_last
from workers.reading.answers import raw_records, sequence_number_of
from workers.reading.read_position import Start
from workers.reading.reader import iterator_of
from workers.rebuild.lake_progress import LakeProgress

READS_MAX: Final = 5  # AWS may answer empty pages before the record that is there


@dataclass(frozen=True, slots=True)
class ForeignLease:
    """A lease of another stream.

    `after` is what a reset makes of it: a lease of the present stream where its worker went on into that, else none.
    `lost` is a plan on it whose records are in no object.
    """

    row: Lease
    after: Lease | None = None
    lost: FlushPlan | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """All leases of one kind of worker, and those of another stream among them."""

    kind: str
    stream_name: str
    stream: StreamIdentity
    rows: Sequence[Lease]
    foreign: Sequence[ForeignLease] = field(default_factory=tuple)

    @property
    def lost(self) -> list[FlushPlan]:
        """The plans whose records the lake will never have."""
        return [lease.lost for lease in self.foreign if lease.lost is not None]


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks at the leases of a stream's workers."""

    settings: Settings
    kinesis: KinesisClient
    dynamodb: DynamoDBClient
    store: ObjectStore

    def table(self, kind: str) -> LeaseTable:
        """The lease table of a kind of worker."""
        return LeaseTable(self.dynamodb, TableNames.of(self.settings).leases(kind))

    async def rows(self, kind: str) -> list[Lease]:
        """The leases of a kind of worker as they are now."""
        return await briefly("leases", self.table(kind).rows)

    async def findings(self, drain: DrainDefinition) -> Findings:
        """What there is of a drain.

        Raises:
            StoreError: it cannot be said which stream there is, or a half-built index cannot be helped by a reset.
        """
        kind, name = drain.name, drain.stream(self.settings)
        summary = await briefly("describe stream", lambda: summary_of(self.kinesis, name))
        if not summary.readable or summary.identity is None:
            raise StoreError(f"stream {name} is {summary.status or 'of an unknown state'}: wait until it is ACTIVE")
        shards = await briefly("list shards", lambda: list_shards(self.kinesis, name))
        rows = await self.rows(kind)
        others = belonging(rows, shards, summary.identity).foreign
        if others and drain is INDEX:
            await self._refuse_half_built()
        by_id = {shard.shard_id: shard for shard in shards}
        foreign = tuple(
            [await self._foreign(drain, row, by_id.get(row.shard_id), summary.identity) for row in others]
        )
        return Findings(kind, name, summary.identity, rows, foreign)

    async def _foreign(
        self, drain: DrainDefinition, row: Lease, shard: Shard | None, stream: StreamIdentity
    ) -> ForeignLease:
        """A lease of another stream; `shard` is what the present one has under its shard's id."""
        done, lost = row.checkpoint.position(row.shard_id), None
        if drain is ARCHIVE and row.plan is not None:
            covered_to = await self._covered_to(row.plan)
            if covered_to is None or covered_to.within_shard() < row.plan.last.within_shard():
                lost = row.plan
            done = covered_to or done
        if done is None or shard is None or not await self._holds(drain.stream(self.settings), done):
            return ForeignLease(row, None, lost)
        after = row.carried_over(stream, done, parents=shard.parents, hash_keys=shard.hash_keys)
        return ForeignLease(row, after, lost)

    async def _holds(self, name: str, place: Position) -> bool:
        """Whether the present stream of a name has a record at a place: it is asked for that very record."""
        start = Start("AT_SEQUENCE_NUMBER", place.sequence_number)
        try:
            iterator: str | None = await briefly(
                "look for place", lambda: iterator_of(self.kinesis, name, place.shard_id, start)
            )
        except ClientError as error:
            if code_of(error) in DOUBTFUL:
                return False
            raise
        for _ in range(READS_MAX):
            if iterator is None:
                return False
            answer = await briefly("look for place", lambda at=iterator: self._first_behind(at))  # type: ignore[misc]
            if raw := raw_records(answer):
                return int(sequence_number_of(raw[0])) == int(place.sequence_number)
            iterator = answer.get("NextShardIterator")
        return False

    async def _first_behind(self, iterator: str) -> Any:
        return await self.kinesis.get_records(ShardIterator=iterator, Limit=1)

    async def _covered_to(self, plan: FlushPlan) -> Position | None:
        """Up to where the object of a plan reaches; None when it was never written."""
        metadata = await briefly("look for object", lambda: self.store.find(object_key(plan)))
        return None if metadata is None else object_last(metadata, plan.first.shard_id)

    async def _refuse_half_built(self) -> None:
        """Return unless the index is one that is still being built from the lake.

        Raises:
            StoreError: it is, and what was archived since it was begun is not in its list of the lake.
        """
        names = TableNames.of(self.settings)
        if names.generation == FIRST_GENERATION:
            return
        count = await LakeProgress(self.dynamodb, names.lake_progress).count()
        if count is not None and not count.complete:
            raise StoreError(
                f"generation {names.generation} is still being built from the lake: drop it (txn generations drop "
                f"{names.generation}) and build it again"
            )
