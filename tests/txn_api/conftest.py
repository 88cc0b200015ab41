"""The application as it runs in production, on real servers, called in process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from txn_api.app import create_app
from txn_api.services import Services
from txn_core.api_keys import SCOPES, ApiKeyTable, Scope, mint
from txn_core.aws import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import IndexItem
from txn_core.event import Event
from txn_core.identity import Account
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.settings import Settings


@dataclass(frozen=True)
class Api:
    """A started application and a client that holds a key with every scope."""

    app: FastAPI
    client: httpx.AsyncClient
    services: Services
    keys: ApiKeyTable

    async def key(self, *scopes: Scope, account: str = "acme", granted: tuple[str, ...] = ()) -> dict[str, str]:
        """The header of a new API key."""
        kept, presented = mint(account=Account(account), scopes=scopes, granted_accounts=granted)
        await self.keys.put(kept)
        return {"Authorization": f"Bearer {presented}"}

    async def index(self, body: bytes, *, account: str = "acme", number: int = 1) -> Event:
        """Put a request body straight into the index, as the index worker would."""
        encoded = self.services.intake.admit(body, account=Account(account), surroundings="")
        event = Event.decode(encoded.data)
        position = Position(ShardId("shardId-000000000000"), SequenceNumber(str(number)))
        order = WriteOrder.of(event.accepted_at, position)
        await self.services.transactions.put_if_absent(IndexItem.of(event, encoded.data, order))
        await self.services.merchants.put_first(event.account, event.merchant_id, event.merchant.name, order)
        return event


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """An application on a stream and tables of its own."""
    await bootstrap(settings)
    app = create_app(settings)
    aws = Aws(settings)
    async with aws.dynamodb() as dynamodb, app.router.lifespan_context(app):
        keys = ApiKeyTable(dynamodb, TableNames(settings.table_prefix).api_keys)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://txn.test") as client:
            api = Api(app, client, app.state.services, keys)
            client.headers.update(await api.key(*SCOPES))
            yield api
