"""How much the lake holds, from the footers of its Parquet objects."""

import io

import pyarrow.parquet as pq

from txn_core.aws.clients import Aws
from txn_core.lake.layout import RAW_PREFIX
from txn_core.settings import Settings


async def count_lake(settings: Settings) -> tuple[int, int]:
    """The objects that the raw lake holds now, and the rows in them; an object is read at a time."""
    objects = rows = 0
    async with Aws(settings).lake() as store:
        async for key in store.keys(RAW_PREFIX):
            objects += 1
            rows += pq.read_metadata(io.BytesIO(await store.read(key))).num_rows
    return objects, rows
