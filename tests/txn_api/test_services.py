"""How the API starts while its stores are away."""

import secrets
from collections.abc import AsyncIterator

import pytest

from tests.builders import body
from tests.txn_api.conftest import Api, client_of, standard_contract
from tests.workers.proxy import Proxy
from txn_api.app import RESOURCES, create_app
from txn_core.api_keys import ApiKeyTable
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import StoreError
from txn_core.settings import Settings
from txn_core.transactions.identity import Account


@pytest.fixture
async def proxy(settings: Settings) -> AsyncIterator[Proxy]:
    """The way to DynamoDB, cut."""
    async with Proxy.to(settings.dynamodb_endpoint_url) as proxy:
        proxy.cut()
        yield proxy


async def test_the_api_starts_while_dynamodb_is_away_and_goes_on_when_it_is_back(
    settings: Settings, stage: str, proxy: Proxy
) -> None:
    """Until then it says so, with 503; nobody starts it again."""
    settings = settings.model_copy(update={"stream": stage, "table_prefix": stage, "bucket": stage})
    app = create_app(settings.model_copy(update={"dynamodb_endpoint_url": proxy.url}))
    async with (
        Aws(settings).dynamodb() as dynamodb,
        app.router.lifespan_context(app),
        client_of(app, standard_contract()) as client,
    ):
        account = Account(f"acct-{secrets.token_hex(6)}")
        api = Api(app, client, app.state.services, ApiKeyTable(dynamodb, TableNames.of(settings).api_keys), account)
        client.headers.update(await api.key("transactions:write", "transactions:read"))
        asked = {"merchant_name": body()["merchant"]["name"]}
        assert (await client.get("/readyz")).json()["checks"]["dynamodb"] == "unavailable"
        assert (await client.get("/transactions", params=asked)).status_code == 503
        proxy.mend()
        assert (await client.post("/transactions", json=body())).status_code == 202
        assert (await client.get("/transactions", params=asked)).json()["data"] == []
        await api.index(body(transaction_id="0b242abb623afc578575680df30655b9"))
        found = (await client.get("/transactions", params=asked)).json()["data"]
        assert [each["transaction_id"] for each in found] == ["0b242abb623afc578575680df30655b9"]


async def test_the_api_does_not_start_without_its_tables(settings: Settings, stage: str) -> None:
    """DynamoDB answers, and has none of them: that is no outage, and does not pass."""
    app = create_app(settings.model_copy(update={"stream": stage}), resources=RESOURCES)
    with pytest.raises(StoreError, match="txn bootstrap"):
        async with app.router.lifespan_context(app):
            pass
