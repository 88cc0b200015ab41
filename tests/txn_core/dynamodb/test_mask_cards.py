"""The shared sets of cards, on a real server, by either client."""

from typing import TYPE_CHECKING

import pytest

from tests.builders import transaction_id
from txn_core.aws.clients import Aws
from txn_core.dynamodb.mask_cards import MaskCardTable
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

EXPIRES_AT = 1_800_000_000


async def test_every_process_is_told_all_cards(bootstrapped: Settings, settings: Settings, names: TableNames) -> None:
    """Those that are there already are there once. By the direct client, as the API has it."""
    mask_id = transaction_id()
    async with Aws(bootstrapped).dynamodb_reader() as client:
        table = MaskCardTable(client, names.idempotency)
        assert await table.add(mask_id, [1, 2**32 - 1], EXPIRES_AT) == [1, 2**32 - 1]
        assert sorted(await table.add(mask_id, [1, 7], EXPIRES_AT)) == [1, 7, 2**32 - 1]
        assert await table.add(transaction_id(), [5], EXPIRES_AT) == [5]
        thousand = range(1_000, 2_000)
        assert set(await table.add(mask_id, thousand, EXPIRES_AT)) == {1, 7, 2**32 - 1, *thousand}


async def test_the_table_forgets_them(dynamodb: "DynamoDBClient", names: TableNames) -> None:
    """Their item has the time at which the TTL removes it."""
    mask_id = transaction_id()
    await MaskCardTable(dynamodb, names.idempotency).add(mask_id, [1], EXPIRES_AT)
    answer = await dynamodb.get_item(TableName=names.idempotency, Key={"id": {"S": f"mask#{mask_id}"}})
    assert answer["Item"]["expires_at"] == {"N": str(EXPIRES_AT)}


async def test_refusals_are_those_of_any_client(bootstrapped: Settings, settings: Settings) -> None:
    """A table that is not there."""
    async with Aws(bootstrapped).dynamodb_reader() as client:
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            await MaskCardTable(client, "nowhere").add(transaction_id(), [1], EXPIRES_AT)
