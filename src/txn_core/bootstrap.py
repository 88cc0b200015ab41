"""Makes what the system stands on: stream, tables, bucket. Doing it again changes nothing."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from botocore.exceptions import ClientError

from txn_core import drains
from txn_core.aws.clients import Aws
from txn_core.aws.errors import carried_out, code_of
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.table_shapes import EXPIRES_AT
from txn_core.dynamodb.tables import (
    FIRST_GENERATION,
    TableNames,
    index_definitions,
    lake_progress_definition,
    shared_definitions,
)
from txn_core.dynamodb.transactions import LAYOUT_ID
from txn_core.exceptions import StoreError
from txn_core.kinesis.consumers import register_consumers
from txn_core.loopback import is_local
from txn_core.settings import Settings
from txn_core.transactions.instants import Instant, now

READY_WAIT_S: Final = 120.0
POLL_S: Final = 0.1


async def bootstrap(settings: Settings) -> frozenset[str]:
    """Make whatever is missing and wait until all of it is usable.

    Gives the tables whose expired rows stay, since their server has no TTL (a local one). Nothing but room depends
    on it: who reads such rows looks at their time.

    Raises:
        SettingsError: no bucket is set.
        StoreError: something is not usable after `READY_WAIT_S` seconds, or the bucket is somebody else's.
        ExceptionGroup: of the client's errors, when calls are refused or nobody answers.
    """
    aws, bucket, files = Aws(settings), settings.lake_bucket, settings.ingest_bucket
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.s3() as s3:
        try:
            async with asyncio.timeout(READY_WAIT_S), asyncio.TaskGroup() as tasks:
                for stream in {settings.stream, *(drain.stream(settings) for drain in drains.REGISTRY.values())}:
                    tasks.create_task(_stream_with_consumers(kinesis, stream, settings))
                tasks.create_task(_stream(kinesis, settings.alerts_stream, shards=1))
                tables = tasks.create_task(_tables(dynamodb, settings))
                tasks.create_task(_bucket(s3, bucket))
                if files is not None:
                    tasks.create_task(_clients_bucket(s3, files, settings))
            return tables.result()
        except TimeoutError:
            raise StoreError(f"stream, tables or bucket not usable after {READY_WAIT_S:.0f} s") from None


async def _stream_with_consumers(client: KinesisClient, name: str, settings: Settings) -> None:
    """Make a stream, and the consumers of the drains that it pushes to."""
    await _stream(client, name, shards=settings.stream_shards)
    await register_consumers(client, settings, name)


async def _stream(client: KinesisClient, name: str, *, shards: int) -> None:
    """Make a stream, or find it as it is."""
    with suppress(client.exceptions.ResourceInUseException):
        await client.create_stream(StreamName=name, ShardCount=shards)
    while True:
        with suppress(client.exceptions.ResourceNotFoundException):
            summary = await client.describe_stream_summary(StreamName=name)
            if summary["StreamDescriptionSummary"]["StreamStatus"] in {"ACTIVE", "UPDATING"}:
                return
        await asyncio.sleep(POLL_S)


async def bootstrap_generation(
    client: DynamoDBClient, settings: Settings, *, origin: str, from_lake: bool
) -> Instant:
    """Make the tables of a further generation of the index, or find them as they were made; gives when that was.

    `origin` says from what the generation is built. It stays with the table: who goes on with the building must
    build from the same.

    Raises:
        StoreError: the generation is there and was begun from something else.
    """
    names = TableNames.of(settings)
    of_lake = [lake_progress_definition(names)] if from_lake else []
    await _make(client, names, [*index_definitions(names), *of_lake])
    await _lay_out(client, settings, {"origin": string(origin), "begun_at": string(now())})
    layout = await client.get_item(TableName=names.transactions, Key={"id": string(LAYOUT_ID)}, ConsistentRead=True)
    if (begun_from := layout["Item"].get("origin", {}).get("S", "its bootstrap")) != origin:
        raise StoreError(
            f"generation {names.generation} was begun from {begun_from}, not from {origin}: "
            "go on as it was begun, build into another, or drop its tables first"
        )
    return Instant(layout["Item"]["begun_at"]["S"])


async def _tables(client: DynamoDBClient, settings: Settings) -> frozenset[str]:
    """The tables that all share, and those of the first generation; a further one is made by who builds it."""
    names = TableNames.of(settings)
    first = names.generation == FIRST_GENERATION
    kept = await _make(client, names, [*shared_definitions(names), *(index_definitions(names) if first else [])])
    if first:
        await _lay_out(client, settings, {})
    return kept


async def _make(client: DynamoDBClient, names: TableNames, definitions: Sequence[Any]) -> frozenset[str]:
    """Make tables at once, and have the expired rows of some removed; gives those where nobody removes them."""
    made = [definition["TableName"] for definition in definitions]
    async with asyncio.TaskGroup() as tasks:
        for definition in definitions:
            tasks.create_task(_table(client, definition))
    return frozenset({table for table in made if table in names.expiring and not await _expire(client, table)})


async def _lay_out(client: DynamoDBClient, settings: Settings, attributes: dict[str, Any]) -> None:
    """Keep with the table of transactions how it is laid out; what it was made with stays."""
    await carried_out(
        client.put_item(
            TableName=TableNames.of(settings).transactions,
            Item={"id": string(LAYOUT_ID), "write_shards": number(settings.merchant_write_shards), **attributes},
            ConditionExpression="attribute_not_exists(id)",
        )
    )


async def _table(client: DynamoDBClient, definition: Any) -> None:
    with suppress(client.exceptions.ResourceInUseException):
        await client.create_table(**definition)
    while True:
        # A table that was only just asked for may not be known yet.
        with suppress(client.exceptions.ResourceNotFoundException):
            table = (await client.describe_table(TableName=definition["TableName"]))["Table"]
            if table["TableStatus"] == "ACTIVE":
                return
        await asyncio.sleep(POLL_S)


async def _expire(client: DynamoDBClient, table: str) -> bool:
    """Have a table's items removed after the moment in their `EXPIRES_AT`; gives whether the server can."""
    try:
        described = await client.describe_time_to_live(TableName=table)
        if described["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED":
            await client.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES_AT}
            )
    except ClientError as error:
        if code_of(error) not in {"UnknownOperationException", "ValidationException"}:
            raise
        # Not valid: somebody else was quicker, and it is on already, or being turned on.
        return code_of(error) == "ValidationException"
    return True


async def _clients_bucket(client: Any, name: str, settings: Settings) -> None:
    """Make the bucket of clients' files, or find it as ours; S3 removes from it what nobody has read for a day.

    Rules that the bucket has stay. A server on this machine is not asked: SeaweedFS keeps objects that expire in
    volumes of their own.
    """
    await _bucket(client, name, "TXN_INGEST_BUCKET")
    if is_local(settings.s3_endpoint_url):
        return
    try:
        await client.get_bucket_lifecycle_configuration(Bucket=name)
    except ClientError as error:
        if code_of(error) != "NoSuchLifecycleConfiguration":
            raise
        rule = {
            "ID": "one-day",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": 1},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
        await client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})


async def _bucket(client: Any, name: str, setting: str = "TXN_BUCKET") -> None:
    """Make the bucket that a setting names, or find it as ours.

    Raises:
        StoreError: the bucket of that name is somebody else's, or not for us.
    """
    region = client.meta.region_name
    # us-east-1 is the one region that CreateBucket does not want to hear.
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        await client.create_bucket(Bucket=name, **place)
    except ClientError as error:
        match code_of(error):
            case "BucketAlreadyOwnedByYou":
                pass
            case "BucketAlreadyExists":
                raise StoreError(
                    f"the bucket {name} is another account's: accounts share the names, so set {setting} to another"
                ) from None
            case _:
                raise
    try:
        # By the client's `bucket_owner` S3 refuses a bucket of another account here, and in all calls that follow.
        await client.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.FORBIDDEN:
            raise
        raise StoreError(
            f"the bucket {name} is another account's, or not for these credentials: "
            f"look at {setting}, TXN_BUCKET_OWNER and the rights to the bucket"
        ) from None
