"""What the system stands on, made on real servers."""

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import AsyncMock

import pytest
from botocore.exceptions import ClientError

from txn_core import bootstrap as module
from txn_core import drains
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames, definitions, index_definitions
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.exceptions import StoreError
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import CreateTableInputTypeDef


async def test_everything_is_there_afterwards(settings: Settings) -> None:
    """Stream with its shards, all tables with their layout, and the bucket are usable."""
    await bootstrap(settings.model_copy(update={"stream_shards": 3, "merchant_write_shards": 5}))
    aws, names = Aws(settings), TableNames(settings.table_prefix)
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.s3() as s3:
        shards = await kinesis.list_shards(StreamName=settings.stream)
        assert len(shards["Shards"]) == 3
        assert len((await kinesis.list_shards(StreamName=settings.alerts_stream))["Shards"]) == 1
        for definition in definitions(names):
            table = await dynamodb.describe_table(TableName=definition["TableName"])
            assert table["Table"]["TableStatus"] == "ACTIVE"
        assert (await TransactionTable.open(dynamodb, names.transactions)).write_shards == 5
        await s3.put_object(Bucket=settings.lake_bucket, Key="x", Body=b"")


async def test_doing_it_again_changes_nothing(settings: Settings) -> None:
    """A second run, with other wishes and beside others, leaves shards, write shards and contents as they are."""
    await bootstrap(settings)
    aws, names = Aws(settings), TableNames(settings.table_prefix)
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.s3() as s3:
        await s3.put_object(Bucket=settings.lake_bucket, Key="kept", Body=b"kept")
        await dynamodb.put_item(TableName=names.idempotency, Item={"id": {"S": "kept"}})
        other = settings.model_copy(update={"stream_shards": 7, "merchant_write_shards": 99})
        await asyncio.gather(bootstrap(other), bootstrap(other), bootstrap(settings))
        shards = await kinesis.list_shards(StreamName=settings.stream)
        assert len(shards["Shards"]) == settings.stream_shards
        table = await TransactionTable.open(dynamodb, names.transactions)
        assert table.write_shards == settings.merchant_write_shards
        assert "Item" in await dynamodb.get_item(TableName=names.idempotency, Key={"id": {"S": "kept"}})
        assert (await s3.head_object(Bucket=settings.lake_bucket, Key="kept"))["ContentLength"] == 4


async def test_several_at_once_make_it_once(settings: Settings) -> None:
    """Processes that start together may all bootstrap."""
    await asyncio.gather(*(bootstrap(settings) for _ in range(3)))
    async with Aws(settings).dynamodb() as dynamodb:
        table = await TransactionTable.open(dynamodb, TableNames(settings.table_prefix).transactions)
        assert table.write_shards == settings.merchant_write_shards


async def test_a_table_that_was_not_bootstrapped_is_told_so(settings: Settings) -> None:
    """A table without its layout item is not opened with a guess."""
    names = TableNames(settings.table_prefix)
    async with Aws(settings).dynamodb() as dynamodb:
        await dynamodb.create_table(**definitions(names)[0])
        await dynamodb.get_waiter("table_exists").wait(
            TableName=names.transactions, WaiterConfig={"Delay": 0, "MaxAttempts": 200}
        )
        with pytest.raises(StoreError, match="bootstrap"):
            await TransactionTable.open(dynamodb, names.transactions)


class UnknownError(ClientError):
    """What a server says of a thing that it does not know yet."""

    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "Describe")


class InUseError(ClientError):
    """What a server says of a name that is taken."""

    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ResourceInUseException", "Message": ""}}, "Create")


class Eventual:
    """A server that knows a new table or stream only at the second look, and has it ready at the third."""

    def __init__(self) -> None:
        self.exceptions = SimpleNamespace(ResourceNotFoundException=UnknownError, ResourceInUseException=InUseError)
        self.create_table = self.create_stream = AsyncMock()
        states = ["CREATING", "ACTIVE"]
        self.describe_table = AsyncMock(
            side_effect=[UnknownError(), *({"Table": {"TableStatus": s}} for s in states)]
        )
        self.describe_stream_summary = AsyncMock(
            side_effect=[UnknownError(), *({"StreamDescriptionSummary": {"StreamStatus": s}} for s in states)]
        )


async def test_what_is_not_known_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """DynamoDB and Kinesis may deny for a moment that what they were asked to make is there."""
    monkeypatch.setattr(module, "POLL_S", 0)
    client = Eventual()
    definition = definitions(TableNames("x"))[0]
    await module._table(client, definition)  # type: ignore[arg-type]
    await module._stream_with_consumers(client, settings.stream, settings)  # type: ignore[arg-type]
    assert client.describe_table.await_count == client.describe_stream_summary.await_count == 3


async def test_waiting_ends(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """What never becomes usable is an error in the end."""
    monkeypatch.setattr(module, "READY_WAIT_S", 0.0)
    with pytest.raises(StoreError, match="not usable after 0 s"):
        await bootstrap(settings)


async def test_tables_with_rows_that_expire_have_them_removed(settings: Settings) -> None:
    """Idempotency keys, counts of scores and ledgers, of each generation of the index; nothing else is removed."""
    client = AsyncMock()
    client.exceptions = SimpleNamespace(ResourceNotFoundException=UnknownError, ResourceInUseException=InUseError)
    client.describe_table.return_value = {"Table": {"TableStatus": "ACTIVE"}}
    client.describe_time_to_live.return_value = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}

    async def expiring_of(names: TableNames, wanted: "list[CreateTableInputTypeDef]") -> set[str]:
        client.update_time_to_live.reset_mock()
        assert await module._make(client, names, wanted) == frozenset()
        return {call.kwargs["TableName"] for call in client.update_time_to_live.await_args_list}

    first, second = TableNames("x"), TableNames("x", generation=2)
    ledgers = {f"x-{drain}-ledger" for drain in ("index", "archive", "score")}
    assert await expiring_of(first, definitions(first)) == {"x-idempotency", "x-score-counts", *ledgers}
    assert await expiring_of(second, index_definitions(second)) == {"x-index-ledger-g2"}


async def test_a_server_without_ttl_is_named_and_enough(settings: Settings) -> None:
    """The local server keeps expired rows, and bootstrapping says of which tables."""
    kept = {
        f"{settings.table_prefix}-{name}"
        for name in ("idempotency", "score-counts", *(f"{drain}-ledger" for drain in drains.names()))
    }
    assert await bootstrap(settings) == kept
    assert await bootstrap(settings.model_copy(update={"index_generation": 2})) == {
        table for table in kept if "index" not in table
    }


@pytest.mark.parametrize(
    ("status", "refusal", "asked", "removed"),
    [
        ("DISABLED", None, 1, True),
        ("ENABLED", None, 0, True),
        ("ENABLING", None, 0, True),
        ("DISABLED", "ValidationException", 1, True),  # another process has asked in between
        ("DISABLED", "UnknownOperationException", 1, False),  # a local server
    ],
)
async def test_expired_items_are_removed_by_the_table(
    status: str, refusal: str | None, asked: int, *, removed: bool
) -> None:
    """TTL is asked for once; a server that has none is as good, since readers check the moment themselves."""
    client = AsyncMock()
    client.describe_time_to_live.return_value = {"TimeToLiveDescription": {"TimeToLiveStatus": status}}
    client.update_time_to_live.side_effect = refusal and ClientError({"Error": {"Code": refusal}}, "UpdateTimeToLive")
    assert await module._expire(client, "t") is removed
    assert client.update_time_to_live.await_count == asked
    for call in client.update_time_to_live.await_args_list:
        assert call.kwargs["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "expires_at"}


async def test_a_missing_right_to_have_items_removed_is_said() -> None:
    """Only what is known to be harmless is passed over."""
    client = AsyncMock()
    client.describe_time_to_live.return_value = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    client.update_time_to_live.side_effect = ClientError(
        {"Error": {"Code": "AccessDeniedException"}}, "UpdateTimeToLive"
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        await module._expire(client, "t")


@pytest.mark.parametrize("has_rules", [False, True])
async def test_what_clients_leave_in_their_bucket_expires_within_a_day(*, has_rules: bool) -> None:
    """On AWS, unless the bucket has rules of its own."""
    none = ClientError({"Error": {"Code": "NoSuchLifecycleConfiguration"}}, "GetBucketLifecycleConfiguration")
    client = AsyncMock()
    client.meta = SimpleNamespace(region_name="eu-central-1")
    client.get_bucket_lifecycle_configuration.side_effect = None if has_rules else none
    await module._clients_bucket(client, "files", Settings(bucket="lake", ingest_bucket="files"))
    client.create_bucket.assert_awaited_once()
    if has_rules:
        client.put_bucket_lifecycle_configuration.assert_not_awaited()
    else:
        put = client.put_bucket_lifecycle_configuration.await_args.kwargs
        [rule] = put["LifecycleConfiguration"]["Rules"]
        assert (put["Bucket"], rule["Status"], rule["Expiration"]) == ("files", "Enabled", {"Days": 1})
