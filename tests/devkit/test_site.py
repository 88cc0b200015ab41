"""A site: processes find its servers by their environment, and this process its own again afterwards."""

import os

from devkit.site import Site

from txn_cli.stack.endpoints import Endpoints
from txn_core.api_keys import ApiKeyTable, split
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.identity import Account


async def test_a_site_is_the_environment_of_this_process_for_the_time_of_the_block(settings: Settings) -> None:
    before = dict(os.environ)
    endpoints = Endpoints("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3", "key", "secret")
    with Site.on(endpoints, api_port=8090, TXN_STREAM="mine") as site:
        assert Settings.from_environment() == site.settings
        assert (site.settings.stream, site.settings.api_port) == ("mine", 8090)
        assert (
            site.settings.kinesis_endpoint_url == site.environment["TXN_KINESIS_ENDPOINT_URL"] == "http://127.0.0.1:1"
        )
        assert site.environment["AWS_ACCESS_KEY_ID"] == os.environ["AWS_ACCESS_KEY_ID"] == "key"
    assert dict(os.environ) == before


async def test_a_key_of_a_site_is_found_in_its_tables(local_servers: Endpoints, settings: Settings) -> None:
    prefix, bucket = settings.table_prefix, str(settings.bucket)
    with Site.on(local_servers, TXN_TABLE_PREFIX=prefix, TXN_BUCKET=bucket, TXN_STREAM=settings.stream) as site:
        await bootstrap(site.settings)
        presented = await site.api_key(account=Account("acme"))
        parts = split(presented)
        assert parts is not None
        async with Aws(site.settings).dynamodb() as dynamodb:
            found = await ApiKeyTable(dynamodb, TableNames.of(site.settings).api_keys).get(parts[0])
    assert found is not None
    assert found.account == "acme"
