"""The application, called in process: as in production on real servers, or on a scripted stream without tables."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from operations.http.resources import RESOURCES
from tests.builders import base64_key, json_bytes
from tests.support.fake_kinesis import FakeKinesis, Reply
from tests.support.memory_records import MemoryRecords
from tests.txn_api.contract import Contract
from tests.txn_api.unreachable import unreachable
from txn_api.access.tokens import Tokens
from txn_api.app import create_app
from txn_api.readiness import readiness_of
from txn_api.reads.cursors import Cursors
from txn_api.resource import ProcessParts
from txn_api.services import Services, gate
from txn_api.writes.admission import Admission
from txn_api.writes.batch import PostBatch
from txn_api.writes.idempotency import Bounds, Idempotency
from txn_cli.stack.endpoints import Endpoints
from txn_core.api_keys import SCOPES, ApiKey, ApiKeyTable, KeyId, Scope, mint
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.review.scores import ScoreTable
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.idempotency import Fingerprints
from txn_core.kinesis.producer import Producer
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.quotas import BY_SETTINGS, Limits
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, KeyRing

BUFFER_BYTES = 4 << 20


@dataclass
class Api:
    """A started application on real servers, and a client that holds a key with every scope of an own account."""

    app: FastAPI
    client: httpx.AsyncClient
    services: Services
    keys: ApiKeyTable
    account: Account

    async def key(
        self,
        *scopes: Scope,
        account: str | None = None,
        granted: tuple[str, ...] = (),
        limits: Limits = BY_SETTINGS,
    ) -> dict[str, str]:
        """The header of a new API key."""
        kept, presented = mint(
            account=Account(account or self.account), scopes=scopes, granted_accounts=granted, limits=limits
        )
        await self.keys.put(kept)
        return {"Authorization": f"Bearer {presented}"}

    async def index(self, body: object, *, account: str | None = None, number: int = 1) -> Event:
        """Put a request body straight into the index, as the index worker would."""
        encoded = self.services.admission.admit(
            json_bytes(body), account=Account(account or self.account), request_text=""
        )
        event = Event.decode(encoded.data)
        position = Position(ShardId("shardId-000000000000"), SequenceNumber(str(number)))
        order = WriteOrder.of(event.accepted_at, position)
        await self.services.transactions.put_if_absent(IndexItem.of(event, encoded.data, order))
        await self.services.store(MerchantTable).put_first(
            event.account, event.merchant_id, event.merchant.name, order
        )
        return event


@dataclass
class AppFixture:
    """An application on a scripted stream, whose tables cannot be reached, and a client with every scope."""

    app: FastAPI
    client: httpx.AsyncClient
    kinesis: FakeKinesis
    records: MemoryRecords = field(default_factory=MemoryRecords)
    keys: dict[KeyId, ApiKey] = field(default_factory=dict)

    @property
    def services(self) -> Services:
        """What the routes work with."""
        services: Services = self.app.state.services
        return services

    def key(self, *scopes: Scope, account: str = "acme", **bounds: Any) -> dict[str, str]:
        """The header of a new API key; `bounds` as `mint` takes them."""
        kept, presented = mint(account=Account(account), scopes=scopes, **bounds)
        self.keys[kept.key_id] = kept
        return {"Authorization": f"Bearer {presented}"}

    def change(self, **settings: object) -> None:
        """Change settings of the running application."""
        changed = self.services.settings.model_copy(update=settings)
        self.app.state.services = replace(self.services, settings=changed)

    def admit(self, **changes: Any) -> None:
        """Change what the running application takes."""
        services = self.services
        admission = replace(services.admission, **changes)
        posts = PostBatch(admission, services.producer, rights=services.gate.writing)
        self.app.state.services = replace(services, admission=admission, posts=posts)

    def take_tokens(self, tokens: Tokens) -> None:
        """Take access tokens besides API keys, by the present settings."""
        services = self.services
        guarded = gate(services.settings, services.keys, self.find, tokens=tokens)
        posts = PostBatch(services.admission, services.producer, rights=guarded.writing)
        self.app.state.services = replace(services, gate=guarded, posts=posts)

    async def find(self, key_id: KeyId) -> ApiKey | None:
        """An API key by its id."""
        return self.keys.get(key_id)

    def script(self, *replies: Reply, deadline_s: float = 10.0) -> None:
        """Put the application on a new stream whose first answers are these."""
        self.kinesis = FakeKinesis(replies)
        self.app.state.services = producing(self.services, _producer(self.kinesis, deadline_s=deadline_s))


def producing(services: Services, producer: Producer) -> Services:
    """The same services with another producer."""
    posts = PostBatch(services.admission, producer, rights=services.gate.writing)
    return replace(services, producer=producer, posts=posts)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(local_servers: Endpoints) -> AsyncIterator[str]:
    """The name of a stream, tables and a bucket that all tests of the API share; each has an account of its own."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", local_servers.access_key)
        environment.setenv("AWS_SECRET_ACCESS_KEY", local_servers.secret_key)
        name = "t-api-stage"
        await bootstrap(
            Settings(
                kinesis_endpoint_url=local_servers.kinesis_url,
                dynamodb_endpoint_url=local_servers.dynamodb_url,
                s3_endpoint_url=local_servers.s3_url,
                stream=name,
                table_prefix=name,
                bucket=name,
            )
        )
        yield name


@pytest.fixture
async def api(settings: Settings, stage: str) -> AsyncIterator[Api]:
    """An application on real servers, with an account of its own."""
    account = Account(settings.stream)
    settings = settings.model_copy(update={"stream": stage, "table_prefix": stage, "bucket": stage})
    app = create_app(settings, resources=RESOURCES)
    aws = Aws(settings)
    async with aws.dynamodb() as dynamodb, app.router.lifespan_context(app):
        keys = ApiKeyTable(dynamodb, TableNames(settings.table_prefix).api_keys)
        async with client_of(app, standard_contract()) as client:
            api = Api(app, client, app.state.services, keys, account)
            client.headers.update(await api.key(*SCOPES))
            yield api


@pytest.fixture
async def desk(own_environment: pytest.MonkeyPatch) -> AsyncIterator[AppFixture]:
    """An application that needs no server."""
    async with opened_desk() as desk:
        yield desk


@asynccontextmanager
async def opened_desk() -> AsyncIterator[AppFixture]:
    """An application that needs no server, on whatever loop is running."""
    settings = _settings_of_desk(
        tuple(sorted(each for each in os.environ.items() if each[0].startswith(("TXN_", "AWS_"))))
    )
    app = create_app(settings, resources=RESOURCES)
    async with client_of(app, standard_contract()) as client, AsyncExitStack() as desks:
        desk = AppFixture(app, client, FakeKinesis())
        services = _services(desk, settings)
        kinesis, dynamodb = unreachable()
        metrics = app.state.exposition.metrics
        aws = Aws(settings)
        aws.session.set_credentials("id", "secret")  # else each client would wait for some to come
        parts = ProcessParts(settings, aws, kinesis, dynamodb, services.producer, metrics)
        opened = [await desks.enter_async_context(make(parts)) for each in RESOURCES for make in each.desks]
        stores = {**services.stores, **{type(each): each for each in opened}}
        app.state.services = replace(services, stores=stores)
        client.headers.update(desk.key(*SCOPES))
        yield desk
        await desk.services.producer.close(1.0)


@cache
def _settings_of_desk(environment: tuple[tuple[str, str], ...]) -> Settings:
    return Settings.model_validate(
        {
            "card_keys": {1: base64_key(1)},
            "identity_key": base64_key(2),
            "cursor_key": base64_key(3),
            "dead_letter_key": base64_key(4),
            "s3_endpoint_url": "http://127.0.0.1:1",  # nobody listens there
        }
    )


@cache
def standard_contract() -> Contract:
    """The contract of every application that has the standard resources; to make it takes 34 ms of CPU time."""
    return Contract(create_app(Settings(), resources=RESOURCES))


def client_of(app: FastAPI, contract: Contract) -> httpx.AsyncClient:
    """A client whose every answer is held against the OpenAPI document."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    hooks = {"response": [contract.check]}
    return httpx.AsyncClient(transport=transport, base_url="http://txn.test", event_hooks=hooks)


def _services(desk: AppFixture, settings: Settings) -> Services:
    keys = KeyRing.from_settings(settings)
    kinesis, dynamodb = unreachable()
    admission = Admission(keys, settings.occurred_ahead_s_max, settings.luhn_exempt)
    guarded = gate(settings, keys, desk.find)
    producer = _producer(desk.kinesis, deadline_s=settings.request_deadline_s)
    return Services(
        settings=settings,
        keys=keys,
        admission=admission,
        gate=guarded,
        cursors=Cursors.from_settings(settings),
        producer=producer,
        posts=PostBatch(admission, producer, rights=guarded.writing),
        idempotency=Idempotency(desk.records, Fingerprints.of(keys), Bounds.of(settings), desk.app.state.registry),
        transactions=TransactionTable(dynamodb, "transactions", settings.merchant_write_shards),
        scores=ScoreTable(dynamodb, "scores"),
        stores={type(store): store for store in _stores(dynamodb)},
        readiness=readiness_of(kinesis, "stream", lambda: producer.stored_s, dynamodb, "transactions"),
        stopping=asyncio.get_running_loop().create_future(),
    )


def _stores(dynamodb: Any) -> list[object]:
    """The stores of all resources."""
    return [opened(dynamodb, TableNames("txn")) for each in RESOURCES for opened in each.stores]


def _producer(kinesis: FakeKinesis, *, deadline_s: float) -> Producer:
    return Producer(
        kinesis.client, "stream", buffer_bytes_max=BUFFER_BYTES, requests_in_flight_max=4, deadline_s=deadline_s
    )
