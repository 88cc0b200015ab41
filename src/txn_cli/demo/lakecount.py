"""How much the lake holds, from the footers of its Parquet objects."""

import io
from dataclasses import dataclass

import pyarrow.parquet as pq

from txn_core.aws.clients import Aws
from txn_core.lake.layout import RAW_PREFIX
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class LakeCount:
    """Objects and the rows in them."""

    objects: int
    rows: int


async def count_lake(settings: Settings) -> LakeCount:
    """Count what the raw lake holds now, an object at a time."""
    objects = rows = 0
    async with Aws(settings).lake() as store:
        async for key in store.keys(RAW_PREFIX):
            objects += 1
            rows += pq.read_metadata(io.BytesIO(await store.read(key))).num_rows
    return LakeCount(objects, rows)
