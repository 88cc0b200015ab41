"""The proxy: calls of a role come through by its rights, and what it refuses looks like AWS' refusals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiobotocore.session import get_session
from aiohttp import web
from botocore.exceptions import ClientError
from devkit.aws_account.account import Account, Credentials
from devkit.aws_account.proxy import AuthorisingProxy, proxy_running
from devkit.aws_account.templates.resolved_stack import ResolvedStack
from devkit.aws_account.templates.stack_account import account_of
from devkit.kinesis_server.running import kinesis_server

from tests.devkit.aws_account.small_stack import BUCKET, PLACE, allow, role, small_stack

STREAM = f"arn:aws:kinesis:{PLACE.region}:{PLACE.account}:stream/txn-transactions"
TABLES = f"arn:aws:dynamodb:{PLACE.region}:{PLACE.account}:table/txn-*"
READER = ResolvedStack(
    {
        "Resources": {
            "Reader": role(
                allow(["kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"], STREAM),
                allow(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::*", f"arn:aws:s3:::{BUCKET}/*"]),
                allow(["dynamodb:DescribeTimeToLive"], TABLES),
                allow(["kms:Decrypt"], "*"),
            )
        }
    },
    PLACE,
)


async def _empty_store(request: web.Request) -> web.Response:
    """An S3 without objects that takes everything."""
    return web.Response(status=404 if request.method in {"GET", "HEAD"} else 200)


@asynccontextmanager
async def at_work() -> AsyncIterator[tuple[Account, AuthorisingProxy]]:
    account = account_of([small_stack(), READER])
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", _empty_store)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    store = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with (
            kinesis_server({"txn-transactions": 1}) as kinesis,
            proxy_running(account, {"kinesis": kinesis.url, "s3": store}, ("key", "secret")) as proxy,
        ):
            yield account, proxy
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(service: str, proxy: AuthorisingProxy, credentials: Credentials) -> AsyncIterator[Any]:
    session: Any = get_session()
    async with session.create_client(
        service,
        endpoint_url=proxy.url,
        region_name=PLACE.region,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
    ) as made:
        yield made


async def test_a_role_does_what_it_may_and_no_more() -> None:
    async with at_work() as (account, proxy):
        writer = account.credentials_of(account.role_named("small-Writer"))
        reader = account.credentials_of(account.role_named("small-Reader"))
        records = [{"Data": b"x", "PartitionKey": "p"}]
        async with client("kinesis", proxy, writer) as writing, client("kinesis", proxy, reader) as reading:
            await writing.put_records(StreamName="txn-transactions", Records=records)
            with pytest.raises(ClientError, match="AccessDeniedException"):
                await reading.put_records(StreamName="txn-transactions", Records=records)
            iterator = await reading.get_shard_iterator(
                StreamName="txn-transactions", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
            )
            first = await reading.get_records(ShardIterator=iterator["ShardIterator"])
            assert [record["Data"] for record in first["Records"]] == [b"x"]
            await reading.get_records(ShardIterator=first["NextShardIterator"])
            with pytest.raises(ClientError, match="AccessDeniedException"):
                await writing.get_records(ShardIterator=iterator["ShardIterator"])

        assert [(refusal.who, refusal.action) for refusal in account.ledger.refused] == [
            ("small-Reader", "kinesis:PutRecords"),
            ("small-Writer", "kinesis:GetRecords"),
        ]


async def test_writes_are_refused_by_the_condition_of_the_bucket() -> None:
    async with at_work() as (account, proxy):
        writer = account.credentials_of(account.role_named("small-Writer"))
        async with client("s3", proxy, writer) as s3:
            await s3.put_object(Bucket=BUCKET, Key="raw/a", Body=b"x", IfNoneMatch="*")
            await s3.put_object(Bucket=BUCKET, Key="other/a", Body=b"x")
            with pytest.raises(ClientError, match="AccessDenied"):
                await s3.put_object(Bucket=BUCKET, Key="raw/a", Body=b"x")
            with pytest.raises(ClientError, match="403"):
                await s3.head_object(Bucket=BUCKET, Key="raw/a", ExpectedBucketOwner="444455556666")


async def test_only_who_may_list_a_bucket_is_told_that_an_object_is_not_there() -> None:
    async with at_work() as (account, proxy):
        for name, status in (("small-Writer", 403), ("small-Reader", 404)):
            async with client("s3", proxy, account.credentials_of(account.role_named(name))) as s3:
                with pytest.raises(ClientError) as caught:
                    await s3.head_object(Bucket=BUCKET, Key="raw/nobody")
                assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status, name


async def test_whether_rows_expire_is_told_as_the_templates_say_it() -> None:
    async with at_work() as (account, proxy):
        proxy.expiring = frozenset({"txn-ledger"})
        async with client("dynamodb", proxy, account.credentials_of(account.role_named("small-Reader"))) as dynamodb:
            for table, status in (("txn-ledger", "ENABLED"), ("txn-cases", "DISABLED")):
                told = await dynamodb.describe_time_to_live(TableName=table)
                assert told["TimeToLiveDescription"]["TimeToLiveStatus"] == status
            with pytest.raises(ClientError, match="AccessDeniedException"):
                await dynamodb.describe_time_to_live(TableName="other")


async def test_credentials_are_handed_out_as_by_ecs_and_others_are_refused() -> None:
    async with at_work() as (account, proxy), aiohttp.ClientSession() as http:
        writer = account.credentials_of(account.role_named("small-Writer"))
        async with http.get(proxy.credentials_url(writer)) as answer:
            assert (await answer.json())["AccessKeyId"] == writer.access_key
        async with http.get(proxy.url + "/v2/credentials/nobody") as answer:
            assert answer.status == 404
        async with client("sts", proxy, writer) as sts:
            assert (await sts.get_caller_identity())["Account"] == PLACE.account
        stranger = Credentials.made(writer.role)
        async with client("kinesis", proxy, stranger) as kinesis:
            with pytest.raises(ClientError, match="AccessDeniedException"):
                await kinesis.list_shards(StreamName="txn-transactions")
