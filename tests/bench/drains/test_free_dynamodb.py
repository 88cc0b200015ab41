"""The DynamoDB that costs nothing, as clients and the index meet it."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from bench.drains.free_dynamodb import HOST, Service
from devkit.kinesis_server.http import Connection

from tests.builders import ACCOUNT, encoded, index_item, position, transaction_id
from txn_core.aws.clients import Aws
from txn_core.dynamodb.item_form import ItemForm
from txn_core.dynamodb.transactions import LAYOUT_ID, TransactionTable
from txn_core.exceptions import StoreError
from txn_core.settings import Settings

LAYOUT = {"id": {"S": LAYOUT_ID}, "write_shards": {"N": "3"}, "item_form": {"N": "2"}}


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Where it listens."""
    service, connections = Service(), set[Connection]()
    listener = await asyncio.get_running_loop().create_server(lambda: Connection(service, connections), HOST, 0)
    yield f"http://{HOST}:{listener.sockets[0].getsockname()[1]}"
    listener.close()
    for connection in [*connections]:
        connection.drop()
    await listener.wait_closed()


@pytest.fixture
def aws(url: str, own_environment: pytest.MonkeyPatch) -> Aws:
    own_environment.setenv("AWS_ACCESS_KEY_ID", "any")
    own_environment.setenv("AWS_SECRET_ACCESS_KEY", "any")
    return Aws(Settings(dynamodb_endpoint_url=url))


async def counts(url: str) -> dict[str, int]:
    async with httpx.AsyncClient(trust_env=False) as client:
        found: dict[str, int] = json.loads((await client.get(f"{url}/counts")).content)
    return found


@pytest.mark.parametrize("direct", [True, False])
async def test_writes_are_taken_and_counted_by_table_whatever_the_client(aws: Aws, url: str, *, direct: bool) -> None:
    """No condition is checked: a repeated write is taken once more. What is read is empty."""
    key = {"id": {"S": "a"}}
    async with aws.dynamodb_writer() if direct else aws.dynamodb() as client:
        for name in ("one", "other", "one"):
            await client.put_item(TableName=name, Item=key, ConditionExpression="attribute_not_exists(id)")
        assert "Item" not in await client.get_item(TableName="one", Key=key)
        await client.update_item(TableName="one", Key=key, UpdateExpression="REMOVE a")
    assert await counts(url) == {"one": 2, "other": 1}


async def test_the_index_finds_its_layout_and_writes(aws: Aws, url: str) -> None:
    """The layout is what was put, is no counted item, and is missing before."""
    async with aws.dynamodb_writer() as client:
        with pytest.raises(StoreError, match="no layout item"):
            await TransactionTable.open(client, "transactions")
        await client.put_item(TableName="transactions", Item=LAYOUT)
        table = await TransactionTable.open(client, "transactions")
        assert (table.write_shards, table.item_form) == (3, ItemForm.PACKED)
        assert await table.put_if_absent(index_item(encoded(), position(1)))
        assert await table.get(ACCOUNT, transaction_id(1)) is None
    assert await counts(url) == {"transactions": 1}
