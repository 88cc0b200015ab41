"""Which objects of the lake hold what arrived in a time, and in which order the stream had them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa

from txn_core.aws.objects import ObjectStore
from txn_core.exceptions import StoreError
from txn_core.lake.parquet import slices
from txn_core.positions import Position, SequenceNumber, ShardId

POSITION_COLUMNS: Final = ("shard_id", "sequence_number", "sub_sequence_number")
"""The columns that say where a row of a drain stood on the stream."""
_ROWS_MAX: Final = 20_000
_LONGEST: Final = timedelta(days=7)
"""What an object may span: one of the raw lake an hour, one of the scores as much as a drain had to catch up on."""


async def stream_tables(
    store: ObjectStore, prefix: str, begin: datetime, end: datetime, columns: Sequence[str] | None = None
) -> AsyncIterator[pa.Table]:
    """The rows of `stream_objects`, or some of their columns, some thousands at a time.

    Raises:
        StoreError: an object is damaged, or none of a drain's.
    """
    for key in await stream_objects(store, prefix, begin, end):
        try:
            for table in slices(await store.read(key), _ROWS_MAX, columns):
                yield table
        except (pa.ArrowInvalid, OSError) as error:
            raise StoreError(f"{key} is damaged ({type(error).__name__}): move it out of {prefix}") from None


def positions_of(table: pa.Table) -> Iterator[Position]:
    """Where the rows of a table stood, in its order."""
    for shard, number, sub in zip(*(table[name].to_pylist() for name in POSITION_COLUMNS), strict=True):
        yield Position(ShardId(shard), SequenceNumber(number), sub)


async def stream_objects(store: ObjectStore, prefix: str, begin: datetime, end: datetime) -> list[str]:
    """The objects under a prefix that may hold rows which arrived from one moment to before another.

    Those of one shard are in its order. An object stands in the hour of its first row: so of each shard the last one
    before the time is among them.

    Raises:
        StoreError: an object is none of a drain's.
    """
    earliest, first, last = (
        f"{prefix}dt={moment:%Y-%m-%d}/hr={moment:%H}/" for moment in (begin - _LONGEST, begin, end)
    )
    before: dict[str, str] = {}
    found: list[str] = []
    async for day in store.folders(prefix):
        async for hour in store.folders(day):
            if not earliest <= hour <= last:
                continue
            placed = sorted([(_place(key, prefix), key) async for key in store.keys(hour)])
            if hour < first:
                before |= {shard: key for (shard, _, _), key in placed}
            else:
                found += [key for _, key in placed]
    return [*before.values(), *found]


def _place(key: str, prefix: str) -> tuple[str, int, int]:
    """The shard and the position of an object's first row, as numbers, which its name has (`range_key`)."""
    try:
        shard, number, sub = key.rpartition("/")[2].removesuffix(".parquet").rsplit("-", 2)
        return shard, int(number), int(sub)
    except ValueError:
        raise StoreError(f"{key} was written by no drain: move it out of {prefix}") from None
