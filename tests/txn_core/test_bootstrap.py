"""What the system stands on, made on real servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast
from unittest.mock import AsyncMock

import pytest
from botocore.exceptions import ClientError

from txn_core import bootstrap as module
from txn_core import drains
from txn_core.aws.bucket_making import make_clients_bucket
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap, bootstrap_generation
from txn_core.dynamodb import table_making
from txn_core.dynamodb.item_form import ItemForm
from txn_core.dynamodb.table_making import keep_backups, let_rows_expire, make_table
from txn_core.dynamodb.tables import TableNames, definitions, index_definitions
from txn_core.dynamodb.transactions import ITEM_FORM, LAYOUT_ID, RELATIONS, TransactionTable, form_of
from txn_core.exceptions import StoreError
from txn_core.kinesis import stream_making
from txn_core.kinesis.stream_making import make_stream, transactions_layout
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import CreateTableInputTypeDef
    from types_aiobotocore_kinesis import KinesisClient


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


async def test_a_new_table_has_the_newest_item_form_and_an_old_one_keeps_its_own(settings: Settings) -> None:
    """Until an operator allows another, once or several at a time; the rest of the layout stays."""
    await bootstrap(settings)
    name, key = TableNames(settings.table_prefix).transactions, {"id": {"S": LAYOUT_ID}}
    async with Aws(settings).dynamodb() as dynamodb:
        layout = (await dynamodb.get_item(TableName=name, Key=key))["Item"]
        assert layout[ITEM_FORM] == {"N": "2"}
        before: Any = {"id": {"S": LAYOUT_ID}, "write_shards": {"N": "5"}, "origin": {"S": "of before"}}
        await dynamodb.put_item(TableName=name, Item=before)
        await bootstrap(settings)
        table = await TransactionTable.open(dynamodb, name)
        assert (table.write_shards, table.item_form) == (5, ItemForm.TEXT)
        await asyncio.gather(*(bootstrap(settings, item_form=ItemForm.PACKED) for _ in range(3)))
        layout = (await dynamodb.get_item(TableName=name, Key=key))["Item"]
        assert layout == before | {ITEM_FORM: {"N": "2"}}
        await bootstrap(settings, item_form=ItemForm.TEXT)
        assert (await TransactionTable.open(dynamodb, name)).item_form is ItemForm.TEXT


async def test_who_goes_back_gets_a_generation_that_a_version_before_can_write_and_read(settings: Settings) -> None:
    """Form 1 says of no table that it keeps relations, which such a version does not write; form 2 of a new one."""
    await bootstrap(settings)
    names, key = TableNames(settings.table_prefix), {"id": {"S": LAYOUT_ID}}
    async with Aws(settings).dynamodb() as dynamodb:

        async def layout_of(generation: int) -> tuple[str, bool]:
            table = replace(names, generation=generation).transactions
            layout = (await dynamodb.get_item(TableName=table, Key=key))["Item"]
            return layout[ITEM_FORM]["N"], RELATIONS in layout

        async def built(generation: int) -> tuple[str, bool]:
            its_own = settings.model_copy(update={"index_generation": generation})
            await bootstrap_generation(dynamodb, its_own, origin="TRIM_HORIZON", from_lake=False)
            return await layout_of(generation)

        assert (await layout_of(1), await built(2)) == (("2", True), ("2", True))
        await bootstrap(settings.model_copy(update={"index_generation": 2}), item_form=ItemForm.TEXT)
        assert (await layout_of(1), await layout_of(2), await built(3)) == (("2", True), ("1", False), ("1", False))
        await bootstrap(settings.model_copy(update={"index_generation": 3}), item_form=ItemForm.PACKED)
        assert (await layout_of(3), await built(5)) == (("2", False), ("2", True))


def test_a_form_of_a_later_version_is_not_guessed() -> None:
    with pytest.raises(StoreError, match="item form 3"):
        form_of({ITEM_FORM: {"N": "3"}})


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
        self.create_table, self.create_stream = AsyncMock(), AsyncMock()
        states = ["CREATING", "ACTIVE"]
        self.describe_table = AsyncMock(
            side_effect=[UnknownError(), UnknownError(), *({"Table": {"TableStatus": s}} for s in states)]
        )
        self.describe_stream_summary = AsyncMock(
            side_effect=[
                *(UnknownError(), UnknownError()),
                *({"StreamDescriptionSummary": {"StreamStatus": s}} for s in states),
            ]
        )


async def test_what_is_not_known_yet_is_waited_for_and_made_once(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """DynamoDB and Kinesis may deny for a moment that what they were asked to make is there."""
    monkeypatch.setattr(stream_making, "POLL_S", 0)
    monkeypatch.setattr(table_making, "POLL_S", 0)
    client = Eventual()
    await make_table(client, definitions(TableNames("x"))[0])  # type: ignore[arg-type]
    await make_stream(client, transactions_layout(settings, "s"))  # type: ignore[arg-type]
    assert client.describe_table.await_count == client.describe_stream_summary.await_count == 4
    assert client.create_table.await_count == client.create_stream.await_count == 1


class StreamServer:
    """A Kinesis with a stream, or without; each change takes one look until it is done."""

    def __init__(self, **summary: Any) -> None:
        self.summary, self.calls, self._changing = summary, list[tuple[str, dict[str, Any]]](), False

    async def describe_stream_summary(self, **_: str) -> dict[str, Any]:
        if not self.summary:
            raise UnknownError
        status = "UPDATING" if self._changing else self.summary.get("StreamStatus", "ACTIVE")
        self._changing = False
        return {"StreamDescriptionSummary": {"RetentionPeriodHours": 24, **self.summary, "StreamStatus": status}}

    def __getattr__(self, call: str) -> Any:
        async def called(**request: Any) -> None:
            if self._changing:
                raise InUseError
            self.calls.append((call, request))
            self.summary |= request
            self._changing = True

        return called


WISHES: Final = Settings(stream_mode="on-demand", stream_retention_hours=168, stream_kms_key="alias/aws/kinesis")


async def _made(server: StreamServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(stream_making, "POLL_S", 0)
    await make_stream(cast("KinesisClient", server), transactions_layout(settings, "s"))
    return [call for call, _ in server.calls]


async def test_a_stream_gets_its_mode_retention_and_key_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinesis takes a change only while the stream is active."""
    server = StreamServer()
    changes = ["increase_stream_retention_period", "start_stream_encryption"]
    assert await _made(server, WISHES, monkeypatch) == ["create_stream", *changes]
    assert server.calls[0][1] == {"StreamName": "s", "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
    assert server.calls[2][1] == {"StreamName": "s", "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    # A process that ended in between: the next one adds what lacks.
    assert await _made(StreamServer(StreamName="s"), WISHES, monkeypatch) == changes


@pytest.mark.parametrize("status", ["ACTIVE", "UPDATING"])
async def test_nothing_is_taken_from_a_stream(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More retention than is wanted, another key and another number of shards stay, also while it is resharded."""
    server = StreamServer(StreamStatus=status, RetentionPeriodHours=8760, EncryptionType="KMS", KeyId="other")
    assert await _made(server, WISHES, monkeypatch) == []
    assert await _made(StreamServer(StreamStatus=status), Settings(stream_shards=500), monkeypatch) == []


async def test_backups_are_turned_on_of_what_may_be_restored(settings: Settings) -> None:
    """Never of leases, whose old plans would be carried out again; nothing is asked for that is on."""
    wanting = settings.model_copy(update={"table_recovery": True, "table_prefix": "x"})
    client = AsyncMock()
    client.describe_table.return_value = {"Table": {"TableStatus": "ACTIVE"}}
    client.describe_time_to_live.return_value = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}}
    client.get_item.return_value = {"Item": {}}
    for status in ("DISABLED", "ENABLED"):
        client.describe_continuous_backups.return_value = {
            "ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status}}
        }
        await module._tables(client, wanting)
    turned_on = [call.kwargs["TableName"] for call in client.update_continuous_backups.await_args_list]
    named = {definition["TableName"] for definition in definitions(TableNames("x"))}
    assert len(turned_on) == len(set(turned_on))
    assert {name for name in named if "-leases" not in name and "-ledger" not in name} - set(turned_on) == {
        *("x-idempotency", "x-score-counts"),
    }


async def test_backups_are_asked_for_until_a_new_table_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB refuses while it still prepares them; any other refusal is said at once."""
    monkeypatch.setattr(table_making, "POLL_S", 0)
    early = ClientError({"Error": {"Code": "ContinuousBackupsUnavailableException"}}, "UpdateContinuousBackups")
    client = AsyncMock()
    client.describe_continuous_backups.return_value = {"ContinuousBackupsDescription": {}}
    client.update_continuous_backups.side_effect = [early, early, {}]
    await keep_backups(client, "t")
    assert client.update_continuous_backups.await_count == 3
    client.update_continuous_backups.side_effect = ClientError({"Error": {"Code": "AccessDenied"}}, "Update")
    with pytest.raises(ClientError, match="AccessDenied"):
        await keep_backups(client, "t")


async def test_what_is_there_is_found_without_rights_to_make_anything(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that starts beside a deployed stack may describe and read, and nothing else."""

    def refused(model: Any, **_: object) -> None:
        reading = ("Describe", "List", "Head", "Get")
        if not model.name.startswith(reading):
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, model.name)

    class Reader(Aws):
        @asynccontextmanager
        async def _client(self, *asked: Any) -> AsyncIterator[Any]:
            async with super()._client(*asked) as client:
                client.meta.events.register("before-call", refused)
                yield client

    kept = await bootstrap(settings)
    monkeypatch.setattr(module, "Aws", Reader)
    assert kept
    with pytest.raises(ExceptionGroup):
        await bootstrap(settings.model_copy(update={"table_prefix": f"{settings.table_prefix}-new"}))
    monkeypatch.setattr(module, "let_rows_expire", AsyncMock(return_value=True))  # the local server cannot say
    assert await bootstrap(settings) == frozenset()


def test_what_would_be_made_is_told_without_asking(settings: Settings) -> None:
    """The same definitions that are made; nobody is asked, so nothing need be there."""
    wanting = settings.model_copy(
        update={"stream_mode": "on-demand", "table_recovery": True, "ingest_bucket": "files", "fan_out": "index"}
    )
    told = module.layout_of(wanting)
    names = TableNames.of(wanting)
    assert {table["TableName"] for table in told["tables"]} == {each["TableName"] for each in definitions(names)}
    assert {table["TableName"] for table in told["tables"] if table["TimeToLive"]} == names.expiring
    assert [stream["StreamName"] for stream in told["streams"]] == [wanting.stream, wanting.alerts_stream]
    assert told["streams"][0]["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert [bucket["Bucket"] for bucket in told["buckets"]] == [wanting.bucket, "files"]
    assert told["consumers"] == [{"StreamName": wanting.stream, "ConsumerName": f"{wanting.table_prefix}-index"}]


async def test_waiting_ends(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """What never becomes usable is an error in the end."""
    monkeypatch.setattr(module, "READY_WAIT_S", 0.0)
    with pytest.raises(StoreError, match="not usable after 0 s"):
        await bootstrap(settings)


async def test_tables_with_rows_that_expire_have_them_removed(settings: Settings) -> None:
    """Idempotency keys, counts of scores, ledgers of each generation of the index; the index if it has an end."""
    client = AsyncMock()
    client.describe_table.return_value = {"Table": {"TableStatus": "ACTIVE"}}
    client.describe_time_to_live.return_value = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}

    async def expiring_of(names: TableNames, wanted: "list[CreateTableInputTypeDef]") -> set[str]:
        client.update_time_to_live.reset_mock()
        wishes = settings.model_copy(update={"table_prefix": "x", "index_generation": names.generation})
        assert await module._make(client, wishes, wanted) == frozenset()
        return {call.kwargs["TableName"] for call in client.update_time_to_live.await_args_list}

    first, second = TableNames("x"), TableNames("x", generation=2)
    ledgers = {f"x-{drain}-ledger" for drain in ("index", "archive", "score")}
    assert await expiring_of(first, definitions(first)) == {"x-idempotency", "x-score-counts", *ledgers}
    assert await expiring_of(second, index_definitions(second)) == {"x-index-ledger-g2"}
    settings = settings.model_copy(update={"index_kept_days": 30})
    of_index = {"x-transactions-g2", "x-merchants-g2", "x-cards-g2"}
    assert await expiring_of(second, index_definitions(second)) == {"x-index-ledger-g2", *of_index}


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
    assert await let_rows_expire(client, "t") is removed
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
        await let_rows_expire(client, "t")


@pytest.mark.parametrize("has_rules", [False, True])
async def test_what_clients_leave_in_their_bucket_expires_within_a_day(*, has_rules: bool) -> None:
    """On AWS, unless the bucket has rules of its own."""
    none = ClientError({"Error": {"Code": "NoSuchLifecycleConfiguration"}}, "GetBucketLifecycleConfiguration")
    client = AsyncMock()
    client.meta = SimpleNamespace(region_name="eu-central-1")
    client.get_bucket_lifecycle_configuration.side_effect = None if has_rules else none
    await make_clients_bucket(client, "files", Settings(bucket="lake", ingest_bucket="files"))
    client.create_bucket.assert_not_awaited()
    if has_rules:
        client.put_bucket_lifecycle_configuration.assert_not_awaited()
    else:
        put = client.put_bucket_lifecycle_configuration.await_args.kwargs
        [rule] = put["LifecycleConfiguration"]["Rules"]
        assert (put["Bucket"], rule["Status"], rule["Expiration"]) == ("files", "Enabled", {"Days": 1})
