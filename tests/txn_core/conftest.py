"""Tables, stream and bucket on the real local servers, made once; each test has an account of its own in them."""

import secrets
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.builders import base64_key
from txn_cli.stack.endpoints import Endpoints
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bootstrapped(local_servers: Endpoints) -> Settings:
    """Settings of a stream, tables and a bucket that are there, shared by the tests of the core."""
    unique = f"core{secrets.token_hex(4)}"
    settings = Settings(
        kinesis_endpoint_url=local_servers.kinesis_url,
        dynamodb_endpoint_url=local_servers.dynamodb_url,
        s3_endpoint_url=local_servers.s3_url,
        stream=unique,
        table_prefix=unique,
        bucket=unique,
        merchant_write_shards=3,
        card_keys={1: base64_key(1)},
        identity_key=base64_key(2),
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", local_servers.access_key)
        environment.setenv("AWS_SECRET_ACCESS_KEY", local_servers.secret_key)
        await bootstrap(settings)
    return settings


@pytest.fixture
def account() -> Account:
    """An account that no other test writes to."""
    return Account(f"acct-{secrets.token_hex(6)}")


@pytest.fixture
async def dynamodb(bootstrapped: Settings, settings: Settings) -> "AsyncIterator[DynamoDBClient]":
    """A client of the bootstrapped tables (`settings` puts the credentials into the environment)."""
    async with Aws(bootstrapped).dynamodb() as client:
        yield client


@pytest.fixture
def names(bootstrapped: Settings) -> TableNames:
    """The names of the bootstrapped tables."""
    return TableNames(bootstrapped.table_prefix)


@pytest.fixture
async def transactions(dynamodb: "DynamoDBClient", names: TableNames) -> TransactionTable:
    """The bootstrapped index of transactions, whose merchants have three write shards."""
    return await TransactionTable.open(dynamodb, names.transactions)
