"""Counting what stands in the lake of a running stack."""

import aioboto3

from bench.running_stack import RunningStack
from txn_core.lake import RAW_PREFIX, read_parquet


async def count_rows(stack: RunningStack) -> tuple[int, int]:
    """The rows of all objects, and how many different transaction ids they have."""
    ready, rows, ids = stack.ready, 0, set[str]()
    session = aioboto3.Session(ready["access_key"], ready["secret_key"], region_name="us-east-1")
    async with session.client("s3", endpoint_url=ready["s3_url"]) as s3:
        async for page in s3.get_paginator("list_objects_v2").paginate(Bucket=ready["bucket"], Prefix=RAW_PREFIX):
            for entry in page.get("Contents", ()):
                answer = await s3.get_object(Bucket=ready["bucket"], Key=entry["Key"])
                found = read_parquet(await answer["Body"].read(), ["transaction_id"])["transaction_id"].to_pylist()
                rows += len(found)
                ids.update(found)
    return rows, len(ids)
