"""A server on a free port with one stream of four shards, and the client that the project's own code uses."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from devkit.kinesis_server.state.account import Account

from devkit.kinesis_server import KinesisServer, kinesis_server
from tests.devkit.kinesis_server.builders import CLIENT_PATIENCE_S, STREAM, HandClock, settings_for
from txn_core.aws.clients import Aws
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient


@pytest.fixture
def clock() -> HandClock:
    """A clock that goes on when a test says so."""
    return HandClock()


@pytest.fixture
def account(clock: HandClock) -> Account:
    """The state of a server without the server."""
    account = Account(clock=clock)
    account.create(STREAM, 4)
    return account


@pytest.fixture
async def server() -> AsyncIterator[KinesisServer]:
    """A running server."""
    async with kinesis_server({STREAM: 4}, seed=7) as server:
        yield server


@pytest.fixture
def kinesis_settings(server: KinesisServer, own_environment: pytest.MonkeyPatch) -> Settings:
    """Settings that point to the server."""
    own_environment.setenv("AWS_ACCESS_KEY_ID", "x")
    own_environment.setenv("AWS_SECRET_ACCESS_KEY", "x")
    return settings_for(server)


@pytest.fixture
async def client(kinesis_settings: Settings) -> "AsyncIterator[KinesisClient]":
    """A client that soon gives up waiting."""
    async with Aws(kinesis_settings).kinesis(read_timeout_s=CLIENT_PATIENCE_S) as client:
        yield client
