"""The raw lake, read object by object: every stream position, and the events of a file's transactions."""

from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Any, Protocol

import aioboto3
import pyarrow as pa
import pyarrow.compute as pc
from aiobotocore.config import AioConfig

from txn_cli.stack.ready import Ready
from txn_core.arrivals import Arrived
from txn_core.aws import Aws
from txn_core.lake import RAW_PREFIX, arrived_of, read_parquet
from txn_core.objects import ObjectStore
from txn_core.region import LOCAL_REGION
from txn_core.settings import Settings

SLICE_ROWS = 2_000


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


class LakeScan:
    """One pass over the whole lake. Holds one object at a time, and eight bytes for each row of the lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._positions = array("Q")

    async def events(self, wanted: Callable[[str], bool]) -> AsyncIterator[tuple[int, Arrived]]:
        """The events with wanted transaction ids, each with the digest of its position; all positions are noted."""
        async for key in self._lake.keys(RAW_PREFIX):
            table = read_parquet(await self._lake.read(key))
            for batch in table.to_batches(max_chunksize=SLICE_ROWS):
                for event in self._events(pa.Table.from_batches([batch]), wanted):
                    yield event

    @property
    def rows(self) -> int:
        """How many rows were read so far."""
        return len(self._positions)

    def duplicated(self) -> int:
        """How many stream positions stand in the lake more than once."""
        positions = pa.Array.from_buffers(pa.uint64(), len(self._positions), [None, pa.py_buffer(self._positions)])
        counts = pc.struct_field(pc.value_counts(positions), 1)
        return int(pc.sum(pc.greater(counts, 1)).as_py() or 0)

    def _events(self, table: pa.Table, wanted: Callable[[str], bool]) -> Iterator[tuple[int, Arrived]]:
        positions = [_digest(*position) for position in zip(*_position_columns(table), strict=True)]
        self._positions.extend(positions)
        mask = [wanted(transaction_id) for transaction_id in table["transaction_id"].to_pylist()]
        mine = [position for position, is_mine in zip(positions, mask, strict=True) if is_mine]
        yield from zip(mine, arrived_of(table.filter(pa.array(mask, pa.bool_()))), strict=True)


def _position_columns(table: pa.Table) -> Iterator[list[Any]]:
    for name in ("shard_id", "sequence_number", "sub_sequence_number"):
        yield table[name].to_pylist()


def _digest(shard_id: str, sequence_number: str, sub_sequence_number: int) -> int:
    position = f"{shard_id}/{int(sequence_number)}/{sub_sequence_number}"
    return int.from_bytes(blake2b(position.encode(), digest_size=8).digest())
