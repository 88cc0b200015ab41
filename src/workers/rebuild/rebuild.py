"""Rebuilds the index into a further generation of its tables, beside the one that is served.

From the stream it is the ordinary worker on fresh tables: its leases say where it starts and how far it is, so any
number of processes may share it and end anywhere. From the lake it is that, too, starting where the archive had come
to, and beside it `LakeReplay` reads what was archived. Which of two writes of an id wins is a matter of `WriteOrder`,
so neither part waits for the other: the stream does not run past its retention while a long lake is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog
from pydantic_core import PydanticCustomError

from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.bootstrap import bootstrap_generation
from txn_core.drains import ARCHIVE, INDEX
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import SettingsError, StoreError
from txn_core.positions import ShardId
from txn_core.settings import Settings
from txn_core.transactions.instants import Instant, datetime_of, instant_of, now, parse_instant
from workers.leases.belonging import belonging, told
from workers.leases.lease import AT_TIMESTAMP, TRIM_HORIZON, Checkpoint, Lease
from workers.leases.shards import Shard, list_shards
from workers.leases.stream_identity import StreamIdentity, summary_of
from workers.leases.table import LeaseTable
from workers.rebuild.lake_progress import LakeProgress, Snapshot
from workers.retries import retry_outages

_log = structlog.get_logger(__name__)


class Source(StrEnum):
    """From what an index is built."""

    HORIZON = TRIM_HORIZON
    TIMESTAMP = AT_TIMESTAMP
    LAKE = "LAKE"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the building of an index begins; `at` goes with `Source.TIMESTAMP`."""

    source: Source
    at: Instant | None = None

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Read `TRIM_HORIZON` or `AT_TIMESTAMP=<RFC 3339>`.

        Of the time the whole second counts: AWS clients send no more.

        Raises:
            SettingsError: it is neither, or a time that is yet to come.
        """
        if text == TRIM_HORIZON:
            return cls(Source.HORIZON)
        word, _, moment = text.partition("=")
        try:
            if word != AT_TIMESTAMP or (at := parse_instant(moment)) > now():
                raise SettingsError(f"--from is {_FORMS}")
        except PydanticCustomError:
            raise SettingsError(f"--from is {_FORMS}") from None
        return cls(Source.TIMESTAMP, instant_of(datetime_of(at).replace(microsecond=0)))

    def __str__(self) -> str:
        return self.source if self.at is None else f"{self.source}={self.at}"


LAKE: Final = Origin(Source.LAKE)
_FORMS: Final = f"{TRIM_HORIZON} or {AT_TIMESTAMP}=<RFC 3339 time with an offset, not in the future>"


async def begin(
    origin: Origin, settings: Settings, kinesis: KinesisClient, dynamodb: DynamoDBClient
) -> LakeProgress | None:
    """Make the tables of the settings' generation and the leases that say where reading starts; or go on with them.

    Gives the progress of the lake when that is to be read, too.

    Raises:
        StoreError: the generation is there and was begun from something else, or the archive's leases, which say
            where the lake ends, are of another stream than there is now.
    """
    from_lake = origin.source is Source.LAKE
    begun_at = await retry_outages(
        "make tables", lambda: bootstrap_generation(dynamodb, settings, origin=str(origin), from_lake=from_lake)
    )
    _log.info("rebuilding", generation=settings.index_generation, origin=str(origin), begun_at=begun_at)
    names = TableNames.of(settings)
    leases, stream = LeaseTable(dynamodb, names.leases(INDEX.name)), Stream(kinesis, settings.stream)
    if origin.source is Source.TIMESTAMP:
        start = Checkpoint(AT_TIMESTAMP, timestamp=origin.at)
        identity, shards = await stream.identity(), await stream.shards()
        await _lease(leases, shards, {shard.shard_id: start for shard in shards}, identity)
    if not from_lake:
        return None
    progress = LakeProgress(dynamodb, names.lake_progress)
    snapshot = await _snapshot(progress, LeaseTable(dynamodb, names.leases(ARCHIVE.name)), stream)
    await _lease(leases, await stream.shards(), snapshot.checkpoints, snapshot.stream)
    return progress


@dataclass(frozen=True, slots=True)
class Stream:
    """The stream, as far as which one it is, and its shards."""

    kinesis: KinesisClient
    name: str

    async def identity(self) -> StreamIdentity | None:
        """Which stream it is; None on a server that does not tell."""
        return (await retry_outages("describe stream", lambda: summary_of(self.kinesis, self.name))).identity

    async def shards(self) -> list[Shard]:
        """Every shard that still has records or may get some."""
        return await retry_outages("list shards", lambda: list_shards(self.kinesis, self.name))


async def _snapshot(progress: LakeProgress, archive: LeaseTable, stream: Stream) -> Snapshot:
    """The snapshot that counts: the first that was kept.

    Raises:
        StoreError: it would be, or is, one of another stream than there is now.
    """
    identity = await stream.identity()
    if (kept := await retry_outages("lake snapshot", progress.snapshot)) is None:
        rows = await retry_outages("archive leases", archive.rows)
        # The shards are listed behind the leases: a shard with a lease that is not listed has left, and is not new.
        shards = await stream.shards()
        if identity is not None and (amiss := told(belonging(rows, shards, identity), ARCHIVE.name, stream.name)):
            raise StoreError(amiss)
        taken = Snapshot.of(
            {row.shard_id: row.checkpoint for row in rows}, (shard.shard_id for shard in shards), identity
        )
        await retry_outages("lake snapshot", lambda: progress.keep_snapshot(taken))
        kept = await retry_outages("lake snapshot", progress.snapshot)
        assert kept is not None  # noqa: S101 - it was just kept, and is never deleted
    if kept.stream not in {None, identity}:
        raise StoreError(
            f"this generation was begun before stream {stream.name} was made again: what was archived since is not "
            "in its list of the lake; drop it (txn generations drop) and build it again"
        )
    for shard_id in kept.cut_off:
        _log.error(
            "records_lost_by_retention", shard=shard_id, archived_to=kept.checkpoints[shard_id].sequence_number
        )
    if not kept.checkpoints:
        _log.error("lake_end_unknown", reason="the archive has no leases; what the stream no longer has may lack")
    return kept


async def _lease(
    leases: LeaseTable,
    shards: Sequence[Shard],
    starts: Mapping[ShardId, Checkpoint],
    stream: StreamIdentity | None,
) -> None:
    """Rows for shards that have a start and no row. All others begin at their horizon, as ever.

    Parents first, whose ids are smaller: a child without its parent's row may be read.
    """
    for shard in sorted(shards, key=lambda shard: shard.shard_id):
        if (start := starts.get(shard.shard_id)) is not None:
            row = Lease(
                shard_id=shard.shard_id,
                parents=shard.parents,
                hash_keys=shard.hash_keys,
                checkpoint=start,
                stream=stream,
            )
            await retry_outages("lease", lambda row=row: leases.create(row))  # type: ignore[misc]
