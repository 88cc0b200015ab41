"""Rows of the index that the server removes between two requests of a writer."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.builders import ACCEPTED_AT, keys, position
from tests.txn_core.dynamodb.test_expiry import FUTURE_S, PAST_S, end_of_card
from txn_core.dynamodb.cards import CardTable
from txn_core.dynamodb.expiry import end_of
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.tables import TableNames
from txn_core.positions import WriteOrder
from txn_core.transactions.identity import Account, CardId, normalise_merchant

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


class Removing:
    """A client of a server that removes a row behind the first refusal of a write, or before the first update.

    With `tells` a refusal says what stood in the way, as AWS does.
    """

    def __init__(self, client: "DynamoDBClient", key: dict[str, Any], *, tells: bool = False) -> None:
        self._client, self._key, self._tells, self._done = client, key, tells, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def put_item(self, **request: Any) -> Any:
        try:
            return await self._client.put_item(**request)
        except ClientError as error:
            found = await self._client.get_item(TableName=request["TableName"], Key=self._key)
            if self._tells and "Item" in found:
                error.response["Item"] = found["Item"]  # type: ignore[typeddict-unknown-key] # as AWS has it
            await self._remove(request["TableName"])
            raise

    async def update_item(self, **request: Any) -> Any:
        await self._remove(request["TableName"])
        return await self._client.update_item(**request)

    async def _remove(self, table: str) -> None:
        if not self._done:
            self._done = True
            await self._client.delete_item(TableName=table, Key=self._key)


@pytest.mark.parametrize("end", [PAST_S, FUTURE_S - 1])
async def test_a_card_that_the_server_removes_meanwhile_has_an_end_again(
    dynamodb: "DynamoDBClient", names: TableNames, account: Account, end: int
) -> None:
    new, old = CardId("card_2_" + "0" * 32), CardId("card_1_" + "0" * 32)
    await CardTable(dynamodb, names.cards).unite(account, [new, old], end)
    removing: Any = Removing(dynamodb, {"card": {"S": f"{account}#{old}"}})
    await CardTable(removing, names.cards).unite(account, [old, new], FUTURE_S)
    for card_id in (new, old):
        assert await end_of_card(dynamodb, names, account, card_id) == FUTURE_S


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("end", [FUTURE_S, None])
async def test_a_name_that_the_server_removes_meanwhile_is_put_again(
    dynamodb: "DynamoDBClient", names: TableNames, account: Account, end: int | None, *, tells: bool
) -> None:
    merchant_id = keys().merchant_id("Shop")
    spelled = [(spelling, WriteOrder.of(ACCEPTED_AT, position(at))) for at, spelling in enumerate(("Shop", "SHOP"))]
    await MerchantTable(dynamodb, names.merchants).put_first(account, merchant_id, *spelled[0], FUTURE_S - 1)
    key: Any = {"account": {"S": account}, "name": {"S": normalise_merchant("Shop")}}
    removing: Any = Removing(dynamodb, key, tells=tells)
    table = MerchantTable(removing, names.merchants)
    await table.put_first(account, merchant_id, *spelled[1], end)
    found = (await dynamodb.get_item(TableName=names.merchants, Key=key))["Item"]
    assert (found["display_name"]["S"], end_of(found)) == ("SHOP", end)
