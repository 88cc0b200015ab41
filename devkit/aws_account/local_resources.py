"""Makes tables, streams and buckets on local servers by the properties that the templates give them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from devkit.aws_account.templates.resolved_stack import ResolvedStack, Resource
from txn_core.aws.clients import Aws

ON_DEMAND_SHARDS: Final = 4
"""Shards of a new stream on demand (Kinesis Data Streams Developer Guide, "On-demand mode")."""
POLL_S: Final = 0.05
READY_S_MAX: Final = 60.0


async def make_resources(stacks: Iterable[ResolvedStack], aws: Aws) -> None:
    """Make what the stacks hold on the servers of the clients, and wait until all of it is usable.

    Raises:
        TimeoutError: something is not usable after a minute.
    """
    listed = list(stacks)
    async with (
        aws.dynamodb() as dynamodb,
        aws.kinesis() as kinesis,
        aws.s3() as s3,
        asyncio.timeout(READY_S_MAX),
        asyncio.TaskGroup() as tasks,
    ):
        for stack in listed:
            for table in stack.of_kind("AWS::DynamoDB::Table"):
                tasks.create_task(_make_table(dynamodb, table))
            for stream in stack.of_kind("AWS::Kinesis::Stream"):
                tasks.create_task(_make_stream(kinesis, stream))
            for bucket in stack.of_kind("AWS::S3::Bucket"):
                tasks.create_task(_make_bucket(s3, bucket))


async def _make_table(client: Any, table: Resource) -> None:
    taken = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")
    request = {name: table.properties[name] for name in taken if name in table.properties}
    if indexes := request.get("GlobalSecondaryIndexes"):
        kept = ("IndexName", "KeySchema", "Projection")
        request["GlobalSecondaryIndexes"] = [{name: index[name] for name in kept} for index in indexes]
    await client.create_table(TableName=table.reference, **request)
    while True:
        if (await client.describe_table(TableName=table.reference))["Table"]["TableStatus"] == "ACTIVE":
            return
        await asyncio.sleep(POLL_S)


async def _make_stream(client: Any, stream: Resource) -> None:
    shards = int(stream.properties.get("ShardCount", ON_DEMAND_SHARDS))
    await client.create_stream(StreamName=stream.reference, ShardCount=shards)
    while True:
        summary = await client.describe_stream_summary(StreamName=stream.reference)
        if summary["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE":
            return
        await asyncio.sleep(POLL_S)


async def _make_bucket(client: Any, bucket: Resource) -> None:
    await client.create_bucket(Bucket=bucket.reference)
    versioning: Mapping[str, str] = bucket.properties.get("VersioningConfiguration", {})
    if versioning.get("Status") == "Enabled":
        await client.put_bucket_versioning(Bucket=bucket.reference, VersioningConfiguration={"Status": "Enabled"})
