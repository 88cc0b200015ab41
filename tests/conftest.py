"""Fixtures for every test that talks to the stack's real servers, on 127.0.0.1 alone."""

import base64
import gc
import logging
import os
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Final

import hypothesis
import pytest
import pytest_asyncio
import structlog
from devkit.local_servers import servers_running
from devkit.postgres_server import PostgresServer, postgres_running
from devkit.redshift_door.local_redshift import LocalRedshift, local_redshift
from devkit.redshift_door.plain_client import MemoryBucket

from txn_cli.stack.datadir import DataDir
from txn_cli.stack.endpoints import Endpoints
from txn_core import drains
from txn_core.aws import clients
from txn_core.logs.log_sources import Handler
from txn_core.settings import Settings

# All that is imported and collected stays: to look for garbage in it takes a second of CPU time in each process.
gc.disable()

# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

# They wait more than they work: each begins while the other processes of the suite are at work, and none comes last.
# Those that take longest come first.
LONG_FILES = tuple(
    f"tests/{name}.py"
    for name in (
        *("txn_cli/test_stack", "e2e/test_main_job", "workers/hosts/test_process", "warehouse/run/test_models"),
        *("txn_cli/commands/test_leases", "workers/test_fleet", "chaos/test_run", "workers/test_stream_made_again"),
        *("workers/rebuild/test_rebuild", "txn_cli/stack/test_servers", "txn_api/test_serving"),
        *("workers/archive/test_archive_processor", "txn_cli/test_api_process", "txn_server/http/test_server"),
        *("workers/test_fan_out", "warehouse/run/test_killed_runs", "txn_api/routes/test_reads"),
        *("devkit/kinesis_server/test_producer_storm", "workers/test_further_drain", "txn_cli/commands/test_data"),
        *("workers/hosts/test_unleased", "txn_cli/stack/test_kinesis_store", "warehouse/landing/test_killed_loads"),
        *("warehouse/curated/test_killed_curation", "http/test_differential", "abuse/test_lines", "abuse/test_door"),
        *("txn_cli/test_conditions", "txn_cli/commands/test_processes", "txn_cli/stack/postgres/test_cluster"),
        "bench/counted/test_worst",
    )
)


CONNECT_S_MAX: Final = 30.0
"""How long this process waits for a connection: this machine takes it or refuses it as soon as it comes to do so."""


def pytest_configure() -> None:
    """Take the developer's settings out, and let Ctrl-C reach the processes that tests start.

    A shell that starts the suite in the background has it ignore SIGINT (POSIX, asynchronous lists), and a process
    hands an ignored signal on to its children.
    """
    for name in [name for name in os.environ if name.startswith("TXN_")]:
        del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # An event loop that a busy machine lets stand for two seconds takes its own connections for late ones.
    pytest.MonkeyPatch().setattr(clients, "CONNECT_TIMEOUT_S", CONNECT_S_MAX)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the long files over most of the run; the others keep the random order that they were given."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    long, short = [file for file in LONG_FILES if file in files], [file for file in files if file not in LONG_FILES]
    apart = 4 * len(short) // (5 * len(LONG_FILES)) + 1
    spread = [file for place, one in enumerate(long) for file in (one, *short[place * apart : (place + 1) * apart])]
    items[:] = [item for file in [*spread, *short[len(long) * apart :]] for item in files[file]]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Begin to collect garbage, and leave alone what all tests share.

    Millions of objects: to look through them takes seconds on a busy machine, during which no event loop goes on and
    connections time out. So nobody looks through them for garbage even once.
    """
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Take back what a test changed in the environment: a command in this process sets its settings there."""
    before = dict(os.environ)
    try:
        return (yield)
    finally:
        if before != os.environ:
            os.environ.clear()
            os.environ.update(before)


def pytest_runtest_teardown(nextitem: pytest.Item | None, item: pytest.Item) -> None:
    """Take back the logging that a command set up in this process: later tests look at what they log.

    And the garbage collector leaves alone what the tests of a file left behind, such as caches and descriptions.
    """
    if structlog.is_configured():
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        root = logging.getLogger()
        root.handlers[:] = [each for each in root.handlers if not isinstance(each, Handler)]
        root.setLevel(logging.WARNING)
    if nextitem is not None and nextitem.path != item.path:
        gc.collect()
        gc.freeze()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def local_servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Endpoints]:
    """One set of SeaweedFS, kinesalite and dynalite for the whole session, with data and ports of its own."""
    async with servers_running(DataDir.at(tmp_path_factory.mktemp("servers"))) as endpoints:
        yield endpoints


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    """One PostgreSQL for the whole session, which does not wait for the disk."""
    async with postgres_running(tmp_path_factory.mktemp("postgres") / "postgres") as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of a new, empty database, as the server's owner."""
    return postgres_server.new_database()


@pytest.fixture(scope="session")
def lake_bucket() -> MemoryBucket:
    """The bucket that COPY of `redshift` reads."""
    return MemoryBucket()


@pytest.fixture(scope="session")
def redshift(postgres_server: PostgresServer, lake_bucket: MemoryBucket) -> Iterator[LocalRedshift]:
    """What stands in for Redshift, for the whole session."""
    with local_redshift(postgres_server, lake_bucket) as door:
        yield door


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment without the developer's own settings, AWS credentials and proxies; what is changed is undone.

    Proxies have two names each (`NO_PROXY`, `no_proxy`), and the lower case counts more where both are set.
    """
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("TXN_", "AWS_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield monkeypatch
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def two_drains(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of index and archive alone, for what is counted by drain; a test may register one more behind it."""
    for name in drains.REGISTRY.keys() - {drains.INDEX.name, drains.ARCHIVE.name}:
        monkeypatch.delitem(drains.REGISTRY, name)


@pytest.fixture
def settings(local_servers: Endpoints, own_environment: pytest.MonkeyPatch) -> Settings:
    """Settings for the local servers with a stream, tables and a bucket that no other test has.

    Nothing is bootstrapped yet. The AWS credentials are in the environment, as they would be in production.
    Change single settings with `settings.model_copy(update={...})`.
    """
    own_environment.setenv("AWS_ACCESS_KEY_ID", local_servers.access_key)
    own_environment.setenv("AWS_SECRET_ACCESS_KEY", local_servers.secret_key)
    own_environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
    unique = f"t{secrets.token_hex(6)}"
    return Settings(
        kinesis_endpoint_url=local_servers.kinesis_url,
        dynamodb_endpoint_url=local_servers.dynamodb_url,
        s3_endpoint_url=local_servers.s3_url,
        stream=unique,
        table_prefix=unique,
        bucket=unique,
        metrics_need_admin=False,
        card_keys={1: _key(1)},
        identity_key=_key(2),
        cursor_key=_key(3),
        dead_letter_key=_key(4),
    )


def _key(byte: int) -> str:
    """A key that is the same in each run, so that known answers may be stated."""
    return base64.b64encode(bytes([byte]) * 32).decode()
