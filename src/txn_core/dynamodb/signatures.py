"""Signatures that were used, where all processes can see them: one conditional put each, in the idempotency table."""

from typing import TYPE_CHECKING

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.tables import EXPIRES_AT

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


class UsedSignatures:
    """Items `signature#<hex>`; the table's TTL removes them."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client, self._name = client, name

    async def use(self, mac: str, expires_at_s: int) -> bool:
        """Use a signature; false when it was used before. After its expiry it is good for nothing anyway."""
        return await carried_out(
            self._client.put_item(
                TableName=self._name,
                Item={"id": string(f"signature#{mac}"), EXPIRES_AT: number(expires_at_s)},
                ConditionExpression="attribute_not_exists(id)",
            )
        )
