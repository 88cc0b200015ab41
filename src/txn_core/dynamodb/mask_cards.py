"""The cards of masks that have many, where all processes can see them: a set an account, mask and day.

It holds neither mask nor card: the item's id is a keyed hash, and a card is 32 bits of its own id, which is one, too.
"""

from collections.abc import Iterable

from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.table_shapes import EXPIRES_AT


class MaskCardTable(DynamoDBTable):
    """Items `mask#<hex>` of the idempotency table, whose TTL removes them."""

    async def add(self, mask_id: str, digests: Iterable[int], expires_at_s: int) -> list[int]:
        """Add cards, one at least, and give all that any process has added."""
        answer = await self._client.update_item(
            TableName=self._name,
            Key={"id": string(f"mask#{mask_id}")},
            UpdateExpression="ADD cards :cards SET #expires_at = :expires_at",
            ExpressionAttributeNames={"#expires_at": EXPIRES_AT},
            ExpressionAttributeValues={
                ":cards": {"NS": [str(digest) for digest in digests]},
                ":expires_at": number(expires_at_s),
            },
            ReturnValues="UPDATED_NEW",
        )
        return [int(digest) for digest in answer["Attributes"]["cards"]["NS"]]
