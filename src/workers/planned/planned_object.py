"""The object of a planned range: its name, what stands beside it, and up to where it covers its shard.

A plan's object has a name that follows from the plan, and is written unless it is there. So two workers that carry
out one plan can only ever write the same object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from txn_core.aws.objects import ObjectStore
from txn_core.exceptions import StoreError
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.layout import RAW_PREFIX, range_key
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.tracing.span_table import BYTES, RECORDS, SpanName
from txn_core.tracing.spans import span
from txn_core.transactions.instants import instant_of
from workers.leases.lease import FlushPlan
from workers.retries import UNLIMITED, Patience, retry_outages

_log = structlog.get_logger(__name__)


def plan_of(records: Sequence[StreamRecord]) -> FlushPlan:
    """The plan that makes these records, which stand together in the stream, one object."""
    first, last = records[0], records[-1]
    return FlushPlan(first.position, last.position, instant_of(first.arrived_at), len(records))


def object_key(plan: FlushPlan, prefix: str = RAW_PREFIX) -> str:
    """The name of a plan's object, by the arrival of its first record (UTC)."""
    return range_key(plan.first, plan.arrived_at, prefix)


def object_metadata(plan: FlushPlan, rows: int) -> dict[str, str]:
    """What stands beside an object: the range that it covers, and its rows."""
    ends = {"first": plan.first, "last": plan.last}
    return {name: f"{p.sequence_number}/{p.sub_sequence_number}" for name, p in ends.items()} | {"rows": str(rows)}


def object_last(metadata: Mapping[str, str], shard_id: ShardId) -> Position:
    """Up to where an object covers its shard.

    Raises:
        StoreError: the object is none of ours.
    """
    number, _, sub = metadata.get("last", "").partition("/")
    if not (number.isdecimal() and sub.isdecimal()):
        raise StoreError(f"an object of {shard_id} does not say which range it covers")
    return Position(shard_id, SequenceNumber(number), int(sub))


def has_gap(plan: FlushPlan, first: Position | None, positions: int) -> bool:
    """Whether a planned range, of which so many positions were read, lacks what the stream has let go of by age.

    That is said loudly. `first` is the first position that was read of the range.

    Raises:
        StoreError: records are missing that the stream must still have.
    """
    if positions == plan.positions:
        return False
    if first == plan.first:
        raise StoreError("a planned range was read again with another number of records")
    where = {"shard": plan.first.shard_id, "planned": plan.positions, "read": positions}
    _log.error("records_lost_by_retention", reason="planned", **where)
    return True


@dataclass(frozen=True, slots=True)
class PlannedObjects:
    """The objects of plans under one prefix of the lake."""

    store: ObjectStore
    prefix: str = RAW_PREFIX
    patience: Patience = UNLIMITED

    async def covered_to(self, plan: FlushPlan) -> Position | None:
        """Up to where the object of a plan covers the shard; none when there is no such object."""
        find = partial(self.store.find, object_key(plan, self.prefix))
        metadata = await retry_outages("look for object", find, until=self.patience)
        return None if metadata is None else object_last(metadata, plan.first.shard_id)

    async def put(self, plan: FlushPlan, rows: int, parquet: bytes) -> Position | None:
        """Write a plan's object; gives up to where the one covers the shard that was there before, if one was.

        Raises:
            StoreError: one was there and is gone.
        """
        put = partial(self.store.put_if_absent, object_key(plan, self.prefix), parquet, object_metadata(plan, rows))
        with span(SpanName.S3_PUT) as current:
            current.set(RECORDS, rows)
            current.set(BYTES, len(parquet))
            if await retry_outages("write object", put, until=self.patience):
                return None
        if (covered_to := await self.covered_to(plan)) is None:
            raise StoreError(f"an object of {plan.first.shard_id} was there and is gone")
        return covered_to

    async def read(self, plan: FlushPlan) -> bytes:
        """The bytes of a plan's object, which is there."""
        key = object_key(plan, self.prefix)
        return await retry_outages("read object", lambda: self.store.read(key), until=self.patience)
