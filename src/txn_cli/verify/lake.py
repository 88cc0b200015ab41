"""The raw lake, read object by object: every stream position, and what each row says."""

from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import starmap
from typing import Any, Final, Protocol

import aioboto3
import pyarrow as pa
import pyarrow.compute as pc
from aiobotocore.config import AioConfig

from txn_cli.stack.children.ready import Ready
from txn_cli.verify.row_content import COLUMNS, digest_of_values
from txn_cli.verify.statement import StoredIds
from txn_cli.verify.workshop import Workshop
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.aws.region import LOCAL_REGION
from txn_core.lake.layout import RAW_PREFIX
from txn_core.lake.parquet import slices
from txn_core.settings import Settings

SLICE_ROWS = 2_000
ROW_BYTES_ABOUT: Final = 70  # of an object, packed
INSTANT_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"  # the seconds with all digits that the type has: microseconds
_PLACE: Final = ("shard_id", "sequence_number", "sub_sequence_number")
_IDS: Final = ("account", "card_id", "customer_id", "merchant_id", "merchant_name")  # of `StoredIds`, in its order


class Lake(Protocol):
    """Objects by key."""

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """The keys under a prefix."""

    async def read(self, key: str) -> bytes:
        """The bytes of an object."""


@asynccontextmanager
async def open_lake(ready: Ready | None) -> AsyncIterator[Lake]:
    """The lake of a running local stack, or else the one that the settings point to."""
    if ready is None:
        settings = Settings.from_environment()
        async with Aws(settings).lake() as lake:
            yield lake
    else:
        session = aioboto3.Session(
            aws_access_key_id=ready.access_key, aws_secret_access_key=ready.secret_key, region_name=LOCAL_REGION
        )
        config = AioConfig(s3={"addressing_style": "path"}, retries={"total_max_attempts": 4})
        async with session.client("s3", endpoint_url=ready.s3_url, config=config) as client:
            yield ObjectStore(client, ready.bucket)


@dataclass(frozen=True, slots=True)
class LakeRows:
    """What the rows of one object say, row by row: position, id, content, and which of `ids` the store derived."""

    positions: "array[int]"
    transaction_ids: list[str]
    digests: "array[int]"
    ids: list[StoredIds]


class LakeScan:
    """One pass over the whole lake. Holds a few objects at a time, and eight bytes for each row of the lake."""

    def __init__(self, lake: Lake, workshop: Workshop) -> None:
        self._lake, self._workshop = lake, workshop
        self._positions = array("Q")

    async def objects(self) -> AsyncIterator[LakeRows]:
        """The rows of each object; all positions are noted."""
        async for rows in self._workshop.each(rows_of, self._bodies(), effort=_rows_about):
            self._positions.extend(rows.positions)
            yield rows

    @property
    def rows(self) -> int:
        """How many rows were read so far."""
        return len(self._positions)

    def duplicated(self) -> int:
        """How many stream positions stand in the lake more than once."""
        positions = pa.Array.from_buffers(pa.uint64(), len(self._positions), [None, pa.py_buffer(self._positions)])
        # Sorted: a table of the counts of two million positions takes a quarter of a gigabyte, this a tenth of that.
        ascending = positions.take(pc.array_sort_indices(positions))
        again = pc.equal(ascending[1:], ascending[:-1])
        return len(ascending[1:].filter(again).unique())

    async def _bodies(self) -> AsyncIterator[bytes]:
        async for key in self._lake.keys(RAW_PREFIX):
            yield await self._lake.read(key)


def rows_of(body: bytes) -> LakeRows:
    """The rows of an object. Columns are compared as they are: making events of them takes three times as long."""
    found = LakeRows(array("Q"), [], array("Q"), [])
    for table in slices(body, SLICE_ROWS):
        found.positions.extend(starmap(_position, zip(*columns_of(table, _PLACE), strict=True)))
        found.transaction_ids.extend(table["transaction_id"].to_pylist())
        found.digests.extend(map(digest_of_values, zip(*columns_of(table, COLUMNS), strict=True)))
        found.ids.extend(starmap(StoredIds, zip(*columns_of(table, _IDS), strict=True)))
    return found


def columns_of(table: pa.Table | pa.RecordBatch, names: Sequence[str]) -> Iterator[list[Any]]:
    """Columns as values of Python, moments in the form of an `Instant`; None for one that an old object lacks."""
    lacking = set(names) - set(table.schema.names)
    for name in names:
        if name in lacking:
            yield [None] * table.num_rows
            continue
        column = table[name]
        if pa.types.is_timestamp(column.type):
            column = pc.strftime(column.cast(pa.timestamp("us")), format=INSTANT_FORMAT)
        yield column.to_pylist()


def _position(shard_id: str, sequence_number: str, sub_sequence_number: int) -> int:
    position = f"{shard_id}/{int(sequence_number)}/{sub_sequence_number}"
    return int.from_bytes(blake2b(position.encode(), digest_size=8).digest())


def _rows_about(body: bytes) -> int:
    return len(body) // ROW_BYTES_ABOUT
