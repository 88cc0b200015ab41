"""Makes what the system stands on: stream, tables, bucket. Doing it again changes nothing.

Everything is described before it is made, so that a process without rights to make anything finds what is there.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from txn_core import drains
from txn_core.aws.bucket_making import ONE_DAY, make_bucket, make_clients_bucket
from txn_core.aws.clients import Aws
from txn_core.aws.errors import carried_out
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.item_form import ItemForm
from txn_core.dynamodb.table_making import keep_backups, let_rows_expire, make_table
from txn_core.dynamodb.table_shapes import BY_ORIGINAL, EXPIRES_AT
from txn_core.dynamodb.tables import (
    FIRST_GENERATION,
    TableNames,
    index_definitions,
    lake_progress_definition,
    shared_definitions,
)
from txn_core.dynamodb.transactions import ITEM_FORM, LAYOUT_ID, RELATIONS, form_of
from txn_core.exceptions import StoreError
from txn_core.kinesis.consumers import drain_consumers, register_consumers
from txn_core.kinesis.stream_making import StreamLayout, alerts_layout, make_stream, transactions_layout
from txn_core.settings import Settings
from txn_core.transactions.instants import Instant, now

READY_WAIT_S: Final = 120.0


async def bootstrap(settings: Settings, *, item_form: ItemForm | None = None) -> frozenset[str]:
    """Make whatever is missing and wait until all of it is usable.

    `item_form` is what the index is to be written in from now on. A new table has the newest form by itself.

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
                for layout in _stream_layouts(settings):
                    tasks.create_task(_stream_with_consumers(kinesis, layout, settings))
                tables = tasks.create_task(_tables(dynamodb, settings, item_form))
                tasks.create_task(make_bucket(s3, bucket))
                if files is not None:
                    tasks.create_task(make_clients_bucket(s3, files, settings))
            return tables.result()
        except TimeoutError:
            raise StoreError(f"stream, tables or bucket not usable after {READY_WAIT_S:.0f} s") from None


def layout_of(settings: Settings) -> dict[str, Any]:
    """What `bootstrap` makes where nothing is there, as the requests of AWS' APIs have it; nothing is asked.

    Raises:
        SettingsError: no bucket is set, or a drain that is named to read by fan-out does not exist.
    """
    names = TableNames.of(settings)
    tables, expiring = _definitions(names), _expiring(settings, names)
    recoverable = _recoverable(settings, names, tables)
    buckets: list[dict[str, Any]] = [{"Bucket": settings.lake_bucket}]
    if settings.ingest_bucket is not None:
        buckets.append({"Bucket": settings.ingest_bucket, "Rules": [ONE_DAY]})
    return {
        "streams": [
            each.request | {"RetentionPeriodHours": each.retention_hours, "KeyId": each.kms_key}
            for each in _stream_layouts(settings)
        ],
        "consumers": [
            {"StreamName": each.stream, "ConsumerName": each.name}
            for each in drain_consumers(settings).values()
            if each.arn is None
        ],
        "tables": [
            {
                **definition,
                "TimeToLive": EXPIRES_AT if definition["TableName"] in expiring else None,
                "PointInTimeRecoveryEnabled": definition["TableName"] in recoverable,
            }
            for definition in tables
        ],
        "buckets": buckets,
    }


def _stream_layouts(settings: Settings) -> list[StreamLayout]:
    names = {settings.stream, *(drain.stream(settings) for drain in drains.REGISTRY.values())}
    return [*(transactions_layout(settings, name) for name in sorted(names)), alerts_layout(settings)]


async def _stream_with_consumers(client: KinesisClient, layout: StreamLayout, settings: Settings) -> None:
    """Make a stream, and the consumers of the drains that it pushes to."""
    await make_stream(client, layout)
    await register_consumers(client, settings, layout.name)


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
    await _make(client, settings, [*index_definitions(names), *of_lake])
    layout = await _lay_out(client, settings, {"origin": string(origin), "begun_at": string(now())})
    if (begun_from := layout.get("origin", {}).get("S", "its bootstrap")) != origin:
        raise StoreError(
            f"generation {names.generation} was begun from {begun_from}, not from {origin}: "
            "go on as it was begun, build into another, or drop its tables first"
        )
    return Instant(layout["begun_at"]["S"])


def _definitions(names: TableNames) -> list[Any]:
    """The tables that all share, and those of the first generation; a further one is made by who builds it."""
    return [*shared_definitions(names), *(index_definitions(names) if names.generation == FIRST_GENERATION else [])]


async def _tables(client: DynamoDBClient, settings: Settings, item_form: ItemForm | None = None) -> frozenset[str]:
    names = TableNames.of(settings)
    kept = await _make(client, settings, _definitions(names))
    if names.generation == FIRST_GENERATION:
        await _lay_out(client, settings, {})
    if item_form is not None:
        await _allow_form(client, names.transactions, item_form)
    return kept


async def _allow_form(client: DynamoDBClient, table: str, form: ItemForm) -> None:
    """Keep another item form with a table, if it is another one. The rest of its layout stays.

    With form 1 the table no longer says that it keeps relations: processes of a version before may write it.
    """
    key = {"id": string(LAYOUT_ID)}
    while True:
        layout = (await client.get_item(TableName=table, Key=key, ConsistentRead=True)).get("Item")
        if layout is None:
            raise StoreError(f"table {table} has no layout item; build the generation first")
        if form_of(layout) is form:
            return
        before = layout.get(ITEM_FORM)
        values: Any = {} if before is None else {"ExpressionAttributeValues": {":before": before}}
        await carried_out(
            client.put_item(
                TableName=table,
                Item={**_layout_kept(layout, form), ITEM_FORM: number(form)},
                ConditionExpression=f"attribute_not_exists({ITEM_FORM})"
                if before is None
                else f"{ITEM_FORM} = :before",
                **values,
            )
        )


def _layout_kept(layout: Mapping[str, Any], form: ItemForm) -> dict[str, Any]:
    return {name: value for name, value in layout.items() if name != RELATIONS or form is not ItemForm.TEXT}


async def _make(client: DynamoDBClient, settings: Settings, definitions: Sequence[Any]) -> frozenset[str]:
    """Make tables at once, and have the expired rows of some removed; gives those where nobody removes them."""
    names, made = TableNames.of(settings), [definition["TableName"] for definition in definitions]
    async with asyncio.TaskGroup() as tasks:
        for definition in definitions:
            tasks.create_task(make_table(client, definition))
    for table in sorted(_recoverable(settings, names, definitions)):
        await keep_backups(client, table)
    expiring = _expiring(settings, names).intersection(made)
    for table in sorted(expiring):
        if not await let_rows_expire(client, table):
            return expiring  # a server that has no TTL has it for none
    return frozenset()


def _expiring(settings: Settings, names: TableNames) -> frozenset[str]:
    """The tables whose rows DynamoDB is to remove: those of the index too, if it is not kept for ever."""
    of_index = {names.transactions, names.merchants, names.cards} if settings.index_kept_days is not None else set()
    return names.expiring | of_index


def _recoverable(settings: Settings, names: TableNames, definitions: Sequence[Any]) -> frozenset[str]:
    """The tables that are to have point-in-time recovery: none, or all but those that are never restored.

    A lease table from a backup would have plans carried out again that were carried out; other rows expire.
    """
    if not settings.table_recovery:
        return frozenset()
    tables = {definition["TableName"] for definition in definitions}
    return frozenset(tables - names.expiring - {names.leases(drain) for drain in drains.names()})


async def _lay_out(client: DynamoDBClient, settings: Settings, attributes: dict[str, Any]) -> Mapping[str, Any]:
    """Keep with the table of transactions how it is laid out, and give it; what it was made with stays."""
    table = TableNames.of(settings).transactions
    while True:
        found = await client.get_item(TableName=table, Key={"id": string(LAYOUT_ID)}, ConsistentRead=True)
        if "Item" in found:
            return found["Item"]
        form = await _form_before(client, TableNames.of(settings))
        described = await client.describe_table(TableName=table)
        indexes = {index["IndexName"] for index in described["Table"].get("GlobalSecondaryIndexes", ())}
        # Form 1 is for processes of a version before, which write refunds without their original.
        has_relations = BY_ORIGINAL in indexes and form is not ItemForm.TEXT
        relations = {RELATIONS: string(BY_ORIGINAL)} if has_relations else {}
        await carried_out(
            client.put_item(
                TableName=table,
                Item={
                    "id": string(LAYOUT_ID),
                    "write_shards": number(settings.merchant_write_shards),
                    ITEM_FORM: number(form),
                    **relations,
                    **attributes,
                },
                ConditionExpression="attribute_not_exists(id)",
            )
        )


async def _form_before(client: DynamoDBClient, names: TableNames) -> ItemForm:
    """The item form of the newest generation before this one that is there, the newest form if there is none.

    So whoever goes back to a version that knows form 1 alone allows it, and builds a generation of it.
    """
    for generation in range(names.generation - 1, 0, -1):
        table = replace(names, generation=generation).transactions
        try:
            found = await client.get_item(TableName=table, Key={"id": string(LAYOUT_ID)}, ConsistentRead=True)
        except client.exceptions.ResourceNotFoundException:
            continue
        if "Item" in found:
            return form_of(found["Item"])
    return max(ItemForm)
