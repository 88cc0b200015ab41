"""Keeps a worker from reading a stream with the leases of another one.

A stream that was deleted and made again has shards of the same ids. With the old leases its records would be passed
over where the old shard was done, and refused for ever where the checkpoint is a number of the old stream. So a
worker asks which stream it is: at its start, when the listed shards have changed, and now and then. While the leases
are another stream's, or there is no stream, it drains nothing and says why; it goes on by itself when that is mended.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import structlog
from botocore.exceptions import ClientError

from txn_core.aws.errors import code_of, is_passing
from txn_core.aws.types import KinesisClient
from workers.leases.belonging import belonging, told
from workers.leases.lease import Lease
from workers.leases.shards import Shard, list_shards
from workers.leases.stream_identity import StreamIdentity, summary_of
from workers.leases.table import LeaseTable
from workers.metrics import WorkerMetrics

ASKED_EVERY_S: Final = 60.0  # AWS takes 20 such calls a second of an account, and there may be many workers
SAID_EVERY_S: Final = 60.0
GONE: Final = frozenset({"ResourceNotFoundException", "ResourceInUseException"})
# What reading answers when the stream is gone, or another one has taken its name.
DOUBTFUL: Final = frozenset({"ResourceNotFoundException", "InvalidArgumentException"})

_log = structlog.get_logger(__name__)


class StreamWatch:
    """What one worker process knows of its stream."""

    def __init__(
        self, client: KinesisClient, stream: str, table: LeaseTable, metrics: WorkerMetrics, *, kind: str
    ) -> None:
        self._client, self._stream, self._table, self._meters, self._kind = client, stream, table, metrics, kind
        self._identity: StreamIdentity | None = None
        self._asked_s = float("-inf")
        self._listed: Sequence[Shard] = ()
        self._doubted = True
        self._said_s = float("-inf")
        self.amiss = ""
        """Why nothing may be read, in words; empty when it may."""

    @property
    def identity(self) -> StreamIdentity | None:
        """The stream as it was last seen; None before, and on a server that does not tell."""
        return self._identity

    def doubt(self) -> None:
        """Ask for the stream at the next look: reading it went wrong in a way that may mean that it is another."""
        self._doubted = True

    async def shards(self, rows: Collection[Lease]) -> list[Shard] | None:
        """The stream's shards; None while nothing may be read, for the reason that `amiss` then says.

        Raises:
            ClientError: the stream is not there, and was not before; or cannot be asked for.
        """
        if (shards := await self._readable_shards()) is None:
            self._doubted = True
            self._bar(f"stream {self._stream} is not there, or not yet, or no more", leases=0)
            return None
        return shards if await self._admits(rows, shards) else None

    async def _readable_shards(self) -> list[Shard] | None:
        """The stream's shards; None when there is no stream that can be read, though there was one."""
        try:
            shards = await list_shards(self._client, self._stream)
            return shards if await self._ask(shards) else None
        except ClientError as error:
            if code_of(error) not in GONE or self._asked_s == float("-inf"):
                raise
            return None

    async def _ask(self, shards: Sequence[Shard]) -> bool:
        """See which stream it is, when that is due; false when it cannot be read.

        An outage is no reason to stand still as long as nothing points to another stream.
        """
        now_s = asyncio.get_running_loop().time()
        pressing = self._doubted or _beginnings(shards) != _beginnings(self._listed)
        if not pressing and now_s - self._asked_s < ASKED_EVERY_S:
            return True
        try:
            summary = await summary_of(self._client, self._stream)
        except Exception as error:
            if pressing or not is_passing(error):
                raise
            _log.warning("outage", call="describe stream", error=code_of(error))
            return True
        if summary.readable:
            self._identity, self._listed, self._asked_s, self._doubted = summary.identity, shards, now_s, False
        return summary.readable

    async def _admits(self, rows: Collection[Lease], shards: Sequence[Shard]) -> bool:
        """Whether the leases are this stream's; those that do not say so yet are marked."""
        if self._identity is None:
            return True
        found = belonging(rows, shards, self._identity)
        if found.foreign:
            self._bar(told(found, self._kind, self._stream), leases=len(found.foreign))
            return False
        if self.amiss:
            _log.warning("stream_readable", stream=self._stream, created_at=self._identity.created_at)
        self.amiss = ""
        self._meters.foreign_leases.set(0)
        if marked := [await self._table.write(row, row.marked(self._identity)) for row in found.unmarked]:
            _log.info("leases_marked", stream=str(self._identity), leases=sum(marked))
        return True

    def _bar(self, why: str, *, leases: int) -> None:
        now_s = asyncio.get_running_loop().time()
        if why != self.amiss or now_s - self._said_s >= SAID_EVERY_S:
            _log.error("stream_not_read", stream=self._stream, reason=why)
            self._said_s = now_s
        self.amiss = why
        self._meters.foreign_leases.set(leases)


def _beginnings(shards: Sequence[Shard]) -> frozenset[tuple[object, ...]]:
    """What changes when a stream is made again, and when shards are split, merged or let go of."""
    return frozenset((shard.shard_id, shard.begins) for shard in shards)
