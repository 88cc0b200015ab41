"""A host without leases: it is handed records of a shard and a deadline, and says up to where it came.

Whoever hands the records (an event source mapping of AWS Lambda, for one) hands those of a shard in order and without
a gap, from the shard's horizon on, and again from the first that was not durable. The place in the shard is the same
row that a worker would lease, without an owner: what is at or before its checkpoint is passed over, so that records
handed twice change nothing, and ledger, `txn status` and `txn reconcile` go on.
"""

import asyncio
from functools import partial
from typing import Final, Self

import structlog

from txn_core.aws.errors import code_of, is_passing
from txn_core.aws.types import KinesisClient
from txn_core.exceptions import StoreError
from txn_core.kinesis.record_batch import RecordBatch
from txn_core.positions import Position, ShardId
from workers.context import DrainContext
from workers.drain import Drain
from workers.hosts.ended_parents import EndedParents
from workers.leases.lease import Lease
from workers.leases.shards import lease_shards
from workers.leases.stream_watch import StreamWatch
from workers.leases.table import LeaseTable
from workers.leases.unowned import RowMovedError, UnownedRow
from workers.metrics import ShardLag
from workers.reading.read_position import behind
from workers.reading.reader import Batch
from workers.retries import UNLIMITED, Patience, retry_outages

RECORDS_AT_ONCE: Final = 500
"""Made durable and checkpointed together; between two such batches the time is looked at."""
RESERVE_S: Final = 2.0
"""Before the deadline no further batch is begun."""
GIVE_UP_S: Final = 0.25
"""Before the deadline a batch that is under way is given up."""
LOOK_EVERY_S: Final = 60.0
"""Between two looks at the stream's shards, at least, unless a shard without a row is handed over."""
LOOK_S_A_ROW: Final = 1.0
"""The same for each row of the stream's shards: hosts of as many shards read each row once a second together."""
LOOK_S_MAX: Final = 2.0
"""For each look but the first: then the work goes on."""

_log = structlog.get_logger(__name__)


class UnleasedHost:
    """Hosts one open drain."""

    def __init__(
        self,
        *,
        drain: Drain,
        kinesis: KinesisClient,
        stream_name: str,
        leases: LeaseTable,
        stream: StreamWatch,
        failover_s: float,
        patience: Patience = UNLIMITED,
    ) -> None:
        if drain.tasks:
            raise ValueError("a drain that works beside the stream needs a host that runs all the time")
        self.stream_name: Final = stream_name
        self._drain, self._leases, self._stream = drain, leases, stream
        self._failover_s, self._patience = failover_s, patience
        self._parents = EndedParents(kinesis, stream_name, leases)
        self._look_at_s, self._has_looked = float("-inf"), False

    @classmethod
    def of(cls, context: DrainContext, drain: Drain) -> Self:
        """The host of a drain that was opened with a context."""
        kinesis, name, leases = context.kinesis, context.stream, context.leases
        return cls(
            drain=drain,
            kinesis=kinesis,
            stream_name=name,
            leases=leases,
            stream=StreamWatch(kinesis, name, leases, context.metrics, kind=context.definition.name),
            failover_s=context.settings.lease_failover_s,
            patience=context.patience,
        )

    async def process(self, records: RecordBatch, deadline_s: float) -> Position | None:
        """Make records of one shard durable before a deadline, by the event loop's clock.

        Returns the first position that is not durable, from which on the records are to be handed over again; None
        when all are. What is durable is checkpointed, also when an error is raised.

        Raises:
            StoreError: a worker holds the shard's lease, or the leases are another stream's than there is now.
            OutageError: an outage outlasted the host's patience.
        """
        if not records:
            return None
        shard_id, cursor, moved = records[0].position.shard_id, None, True
        clock = asyncio.get_running_loop().time
        stop_s = deadline_s - min(RESERVE_S, (deadline_s - clock()) / 2)
        time = asyncio.timeout_at(deadline_s - GIVE_UP_S)
        try:
            async with time:
                while moved and clock() < stop_s:
                    cursor = UnownedRow(self._leases, await self._row(shard_id), self._patience)
                    moved = await self._process(cursor, behind(cursor.row.checkpoint, records), stop_s)
        except TimeoutError:
            if not time.expired():
                raise
        left = records if cursor is None else behind(cursor.row.checkpoint, records)
        _log.info("records_handed_over", shard=shard_id, records=len(records), left=len(left))
        return left[0].position if left else None

    async def _process(self, cursor: UnownedRow, left: RecordBatch, stop_s: float) -> bool:
        """Process a batch after the other while there is time; true when somebody else has moved the row."""
        processor = self._drain.processor(cursor, ShardLag())
        try:
            for first in range(0, len(left), RECORDS_AT_ONCE):
                if asyncio.get_running_loop().time() >= stop_s:
                    break
                await processor.take(Batch(left[first : first + RECORDS_AT_ONCE], at_tip=False, ended=False))
                await processor.finish()
        except RowMovedError:
            return True
        finally:
            processor.abandon()
        return False

    async def _row(self, shard_id: ShardId) -> Lease:
        row = await self._stored(shard_id)
        if row is None or not self._has_looked:
            await retry_outages("look at the stream", self._look, until=self._patience)
            row = await self._stored(shard_id)
        elif asyncio.get_running_loop().time() >= self._look_at_s:
            await self._look_again()
            row = await self._stored(shard_id)
        if row is None:
            raise StoreError(f"stream {self.stream_name} lists no shard {shard_id}")
        if row.owner is not None:
            row = await self._left_behind(row)
        await self._parents.note(row)
        return row

    async def _left_behind(self, held: Lease) -> Lease:
        """The row of a worker that has died with its lease, once that stood still for as long as workers wait.

        Raises:
            StoreError: the worker is alive.
        """
        await asyncio.sleep(self._failover_s)
        row = await self._stored(held.shard_id)
        if row == held:
            write = partial(self._leases.write, held, held.orphaned())
            if await retry_outages("row", write, until=self._patience):
                _log.warning("lease_left_behind", shard=held.shard_id, owner=held.owner)
                return held.orphaned()
            row = await self._stored(held.shard_id)
        if row is None or row.owner is not None:
            raise StoreError(
                f"{held.owner} holds the lease of {held.shard_id}: a shard has one host, with leases or without"
            )
        return row

    async def _stored(self, shard_id: ShardId) -> Lease | None:
        return await retry_outages("row", partial(self._leases.row, shard_id), until=self._patience)

    async def _look_again(self) -> None:
        """Look once more, if that is possible at once: what is known of the stream still holds in an outage."""
        try:
            async with asyncio.timeout(LOOK_S_MAX):
                await self._look()
        except Exception as error:
            if not is_passing(error):
                raise
            _log.warning("outage", call="look at the stream", error=code_of(error))

    async def _look(self) -> None:
        """Write the rows that shards lack, or delete those that are outdated.

        Raises:
            StoreError: the rows are another stream's than there is now.
        """
        now_s = asyncio.get_running_loop().time()
        self._look_at_s = now_s + LOOK_EVERY_S  # also when this look fails
        rows = await self._leases.rows()
        self._look_at_s = now_s + max(LOOK_EVERY_S, LOOK_S_A_ROW * len(rows))
        if (shards := await self._stream.shards(rows)) is None:
            self._has_looked = False
            raise StoreError(self._stream.amiss)
        await lease_shards(shards, self._leases, rows, self._stream.identity)
        self._has_looked = True
