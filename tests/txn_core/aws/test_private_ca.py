"""TLS of a private certificate authority, which AWS_CA_BUNDLE names: by every client, and by direct calls as well."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, SSLError

from tests.support.private_ca import PrivateCa, private_ca
from tests.workers.proxy import Proxy
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings

ENDPOINTS = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url")


@pytest.fixture
def authority(tmp_path: Path) -> PrivateCa:
    return private_ca(tmp_path)


@pytest.fixture
async def secured(settings: Settings, authority: PrivateCa) -> AsyncIterator[Settings]:
    """The same servers, by https."""
    async with AsyncExitStack() as stack:
        proxies = {
            name: await stack.enter_async_context(Proxy.to(getattr(settings, name), tls=authority.server))
            for name in ENDPOINTS
        }
        yield settings.model_copy(update={name: proxy.url for name, proxy in proxies.items()})


async def test_all_stores_are_reached_by_the_bundle(
    secured: Settings, authority: PrivateCa, own_environment: pytest.MonkeyPatch
) -> None:
    """Stream, tables and bucket are made, written and read, by ordinary clients and by direct ones."""
    own_environment.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    await bootstrap(secured)
    aws, names, key = Aws(secured), TableNames.of(secured), {"id": {"S": "a"}}
    async with aws.kinesis_writer() as kinesis, aws.dynamodb_reader() as dynamodb, aws.lake() as lake:
        records: Any = [{"Data": b"a", "PartitionKey": "k"}]
        assert (await kinesis.put_records(StreamName=secured.stream, Records=records))["Records"][0]["SequenceNumber"]
        await dynamodb.put_item(TableName=names.idempotency, Item=key)
        assert (await dynamodb.get_item(TableName=names.idempotency, Key=key))["Item"] == key
        assert await lake.put_if_absent("key", b"body", {})
        assert await lake.read("key") == b"body"


async def test_without_the_bundle_nothing_is_sent(secured: Settings) -> None:
    """Whoever answers is not trusted."""
    aws, key = Aws(secured), {"id": {"S": "a"}}
    records: Any = [{"Data": b"a", "PartitionKey": "k"}]
    async with aws.kinesis() as ordinary, aws.kinesis_writer() as kinesis, aws.dynamodb_reader() as dynamodb:
        for call in (
            partial(ordinary.list_shards, StreamName=secured.stream),
            partial(kinesis.put_records, StreamName=secured.stream, Records=records),
            partial(dynamodb.get_item, TableName="t", Key=key),
        ):
            with pytest.raises((SSLError, EndpointConnectionError)) as refused:
                await call()
            assert "certificate" in str(refused.value.kwargs["error"]).lower()
