"""The direct client beside the ordinary one, on a real server: the same calls come to the same."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from tests.builders import encoded, index_item, keys, of_before, pan, position, request, transaction_id
from txn_core.aws.clients import Aws
from txn_core.aws.errors import carried_out, failure_of
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
    """The client of a worker. The client of the look-ups differs in the number of its connections alone."""
    async with Aws(bootstrapped).dynamodb_writer() as client:
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


async def test_what_is_written_is_the_same(
    direct: "DynamoDBClient", dynamodb: "DynamoDBClient", names: TableNames, account: Account
) -> None:
    """Bytes, texts in any script and nested attributes, one by one and many at once; each on its condition."""
    keys, item = (
        [f"{account}#{number}" for number in range(3)],
        {
            "bytes": {"B": bytes(range(256))},
            "text": {"S": 'Ünï "quoted" \\ \u2028 \U0001f4b3'},
            "nested": {"M": {"B": {"L": [{"B": b"x"}, {"N": "1"}]}, "set": {"BS": [b"one", b"two"]}}},
        },
    )
    for client, key in zip((direct, dynamodb, direct), keys, strict=True):
        put: Any = {"TableName": names.transactions, "Item": {"id": {"S": key}, **item}}
        assert await carried_out(client.put_item(**put, ConditionExpression="attribute_not_exists(id)"))
        for other in (direct, dynamodb):
            again = other.put_item(**put, ConditionExpression="attribute_not_exists(id)")
            assert not await carried_out(again)
    asked: Any = {names.transactions: {"Keys": [{"id": {"S": key}} for key in keys], "ConsistentRead": True}}
    found = [await client.batch_get_item(RequestItems=asked) for client in (direct, dynamodb)]
    ours, theirs = ({each["id"]["S"]: each for each in answer["Responses"][names.transactions]} for answer in found)
    assert ours == theirs == {key: {"id": {"S": key}, **item} for key in keys}


REFUSALS: Final[tuple[tuple[int, dict[str, Any]], ...]] = (
    (400, {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"}),
    (
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "no",
            "Item": {"order": {"S": "1"}, "event": {"B": "eHl6"}},
        },
    ),
    (400, {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "slow"}),
    (400, {"__type": "com.amazon.coral.service#ThrottlingException", "message": "slow"}),
    (400, {"__type": "com.amazon.coral.validate#ValidationException", "message": "too large"}),
    (400, {"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException", "message": "wait"}),
    (500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "?"}),
    (400, {"__type": "com.amazon.coral.service#ExpiredTokenException", "message": "old"}),
    (503, {}),
)


@pytest.mark.parametrize(("status", "document"), REFUSALS)
async def test_a_refusal_of_a_write_is_the_ordinary_clients(
    bootstrapped: Settings, settings: Settings, status: int, document: dict[str, Any]
) -> None:
    """The same class and the same answer, with the item that stood in the way; and the same judgement."""
    body = json.dumps(document).encode()
    answer = f"HTTP/1.1 {status} Refused\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        aws, errors = Aws(bootstrapped.model_copy(update={"dynamodb_endpoint_url": url})), list[ClientError]()
        for opening in (aws.dynamodb_writer(), aws.dynamodb()):
            async with opening as client:
                with pytest.raises(ClientError) as refused:
                    await client.put_item(TableName="t", Item={"id": {"S": "a"}})
                errors.append(refused.value)
    ours, theirs = errors
    assert (type(ours).__name__, ours.operation_name) == (type(theirs).__name__, theirs.operation_name)
    assert failure_of(ours) is failure_of(theirs)
    told = {name: value for name, value in theirs.response.items() if name != "ResponseMetadata"}
    assert {name: ours.response.get(name) for name in told} == told


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
