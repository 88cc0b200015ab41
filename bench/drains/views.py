"""Counting what stands in the two views of a running stack."""

import aioboto3
from devkit.running_stack import RunningStack
from devkit.site import own_environment

from txn_cli.stack.attachment import attach
from txn_cli.stack.datadir import DataDir
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import LAYOUT_ID
from txn_core.lake.layout import RAW_PREFIX
from txn_core.lake.parquet import read_parquet


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


async def count_items(stack: RunningStack) -> tuple[int, int]:
    """The transactions in the index, and how many different ids they have: as many, since the id is their key."""
    items = 0
    with own_environment():
        settings = attach(DataDir.at(stack.data_dir))
        if settings is None:
            raise RuntimeError("the stack is gone")
        async with Aws(settings).dynamodb() as dynamodb:
            pages = dynamodb.get_paginator("scan").paginate(
                TableName=TableNames.of(settings).transactions,
                Select="COUNT",
                FilterExpression="id <> :layout",
                ExpressionAttributeValues={":layout": {"S": LAYOUT_ID}},
            )
            async for page in pages:
                items += page["Count"]
    return items, items
