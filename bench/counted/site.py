"""The API as it runs in production, in this process: on a counting loop, between links of memory."""

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar, cast
from unittest.mock import patch

from uvicorn.config import Config
from uvicorn.server import ServerState

from bench.counted.aws import Stream, Tables
from bench.counted.client import Client
from bench.counted.loop import CountingLoop
from bench.counted.watch import Watch, WatchedIntake, WatchedProducer
from txn_api import services
from txn_api.access.rate_limits import Limiter
from txn_api.app import create_app
from txn_api.edge.buffered_request import EXTENSION, BufferedRequests
from txn_api.services import Services
from txn_api.writes.batch import PostBatch
from txn_core.api_keys import SCOPES, ApiKeyTable, Scope, mint
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import ITEM_FORM, LAYOUT_ID
from txn_core.quotas import BY_SETTINGS, Limits
from txn_core.settings import Settings
from txn_core.transactions.identity import Account
from txn_server.http.connection import Connection

AnyClient = TypeVar("AnyClient", bound=Client)

KINESIS_PORT, DYNAMODB_PORT = 1, 2
ACCOUNT: Final = Account("bench")
NOON_S: Final = 1_800_000_000.0
_KEY: Final = "a2V5" * 11
_ENVIRONMENT: Final = {
    **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "bench"),
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass(slots=True)
class Site:
    """A started application, and what stands around it."""

    loop: CountingLoop
    settings: Settings
    stream: Stream
    tables: Tables
    services: Services
    config: Config
    state: ServerState
    app_state: dict[str, Any]
    keys: ApiKeyTable
    watch: Watch

    async def key(
        self, *scopes: Scope, limits: Limits = BY_SETTINGS, account: Account = ACCOUNT, **options: Any
    ) -> str:
        """A new API key; with every scope unless told."""
        kept, presented = mint(account=account, scopes=scopes or SCOPES, limits=limits, **options)
        await self.keys.put(kept)
        return presented

    def client(self, key: str, kind: type[AnyClient] = Client) -> AnyClient:  # type: ignore[assignment] # the default is a Client
        """A connection to it."""
        connection: Any = cast("Any", Connection)(self.config, self.state, self.app_state)
        return kind(self.loop, connection, key)


@asynccontextmanager
async def site(loop: CountingLoop, **changes: object) -> AsyncIterator[Site]:
    """The application for the time of the block, with changes to its settings."""
    stream, tables = Stream(), Tables()
    loop.servers = {KINESIS_PORT: stream.server, DYNAMODB_PORT: tables.server}
    with environment(), clocks_of(loop):
        settings = Settings.model_validate(_settings() | changes)
        names = TableNames.of(settings)
        shards = {"N": str(settings.merchant_write_shards)}
        layout = {"id": {"S": LAYOUT_ID}, "write_shards": shards, ITEM_FORM: {"N": "2"}}
        tables.put(names.transactions, "id", layout)
        application = create_app(settings)
        config = Config(
            application, ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False
        )
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
        app_state = {EXTENSION: BufferedRequests(application)}
        async with Aws(settings).dynamodb() as dynamodb, application.router.lifespan_context(application):
            keys = ApiKeyTable(dynamodb, names.api_keys)
            made: Services = application.state.services
            watch = Watch(loop)
            admission: Any = WatchedIntake(made.admission, watch)
            producer: Any = WatchedProducer(made.producer, watch)
            made = application.state.services = replace(
                made,
                admission=admission,
                producer=producer,
                posts=PostBatch(admission, producer, rights=made.gate.writing),
            )
            stream.on_call, stream.on_answer = watch.sent, watch.landed
            yield Site(loop, settings, stream, tables, made, config, state, app_state, keys, watch)


def _settings() -> dict[str, object]:
    return {
        **dict.fromkeys(("identity_key", "cursor_key", "dead_letter_key"), _KEY),
        "card_keys": {1: _KEY},
        "metrics_need_admin": False,
        "kinesis_endpoint_url": f"http://127.0.0.1:{KINESIS_PORT}",
        "dynamodb_endpoint_url": f"http://127.0.0.1:{DYNAMODB_PORT}",
    }


@contextmanager
def environment() -> Iterator[None]:
    """The credentials of nobody, and no settings of the machine, for the time of the block."""
    before = dict(os.environ)
    for name in before:
        if name.lower().endswith("_proxy") or name.startswith(("TXN_", "AWS_")):
            del os.environ[name]
    os.environ.update(_ENVIRONMENT)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def clocks_of(loop: CountingLoop) -> Iterator[None]:
    """Let the clocks of this process, and those of keys' limits, show the loop's time."""

    def seconds(begin_s: float) -> Callable[[], float]:
        return lambda: begin_s + loop.time()

    def nanoseconds(begin_s: float) -> Callable[[], int]:
        return lambda: int((begin_s + loop.time()) * 1e9)

    with (
        patch.object(time, "monotonic", seconds(0.0)),
        patch.object(time, "perf_counter", seconds(0.0)),
        patch.object(time, "thread_time", seconds(0.0)),
        patch.object(time, "time", seconds(NOON_S)),
        patch.object(time, "time_ns", nanoseconds(NOON_S)),
        patch.object(services, "Limiter", partial(Limiter, clock=nanoseconds(0.0))),
    ):
        yield
