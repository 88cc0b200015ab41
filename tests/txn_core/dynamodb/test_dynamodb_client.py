"""The direct client beside the ordinary one, on a real server: the same calls come to the same."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from tests.builders import encoded, index_item, keys, of_before, pan, position, request, transaction_id
from txn_core.aws.clients import Aws
from txn_core.dynamodb.dynamodb_client import DirectClient
from txn_core.dynamodb.ranges import Span
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


@pytest.fixture
async def direct(bootstrapped: Settings, settings: Settings) -> "AsyncIterator[DynamoDBClient]":
    """The client of the look-ups."""
    async with Aws(bootstrapped).dynamodb_reader() as client:
        yield client


async def test_what_is_read_is_the_same(
    direct: "DynamoDBClient", transactions: TransactionTable, account: Account
) -> None:
    """By id and page by page, byte for byte, with conflicts and notes, in any script."""
    await _fill(transactions, account)
    quick = TransactionTable(direct, transactions._name, transactions.write_shards)
    first = transaction_id(0)
    assert await quick.get(account, first) == await transactions.get(account, first)
    assert await quick.get(account, transaction_id(99)) is None
    for descending in (True, False):
        span = Span(descending=descending, limit=3)
        query = transactions.by_card(account, keys().card_ids(pan()), span)
        page = await transactions.page(query)
        while True:
            assert await quick.page(query) == page
            if not page.has_more:
                break
            query = query.behind(page.rows[-1].sort)
            page = await transactions.page(query)


async def test_a_refusal_has_the_class_of_the_ordinary_clients(direct: "DynamoDBClient", names: TableNames) -> None:
    """Who catches an error by its class need not know which client it has."""
    with pytest.raises(direct.exceptions.ResourceNotFoundException) as missing:
        await direct.get_item(TableName=f"{names.transactions}-not", Key={"id": {"S": "a"}})
    assert missing.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as refused:
        await direct.query(TableName=names.transactions)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refused.value.operation_name == "Query"


async def test_no_server_and_no_credentials_are_told_as_by_any_client(
    bootstrapped: Settings, direct: "DynamoDBClient", names: TableNames
) -> None:
    """The same exceptions, which become 503."""
    key: Any = {"id": {"S": "a"}}
    nobody = bootstrapped.model_copy(update={"dynamodb_endpoint_url": "http://127.0.0.1:1"})
    async with Aws(nobody).dynamodb_reader() as client:
        with pytest.raises(EndpointConnectionError):
            await client.get_item(TableName=names.transactions, Key=key)
        with pytest.raises(NoCredentialsError):
            await DirectClient(client, None).get_item(TableName=names.transactions, Key=key)


async def _fill(table: TransactionTable, account: Account) -> None:
    for number in range(10):
        written = encoded(
            of_before(
                request(transaction_id=transaction_id(number), occurred_at=f"2020-01-01T00:00:{number % 4:02d}Z"),
                'Ünï "quoted" \\ \u2028 \U0001f4b3',
            ),
            account=account,
        )
        assert await table.put_if_absent(index_item(written, position(1)))
    first = await table.get(account, transaction_id(0))
    assert first is not None
    later = index_item(encoded(transaction_id=transaction_id(0), amount_minor=5, account=account), position(7))
    assert await table.note(later, seen=first.order, conflict=True, other=frozenset({"digest"}))
