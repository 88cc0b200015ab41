"""Signatures that were used, where all processes can see them: one conditional put each, in the idempotency table."""

from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.table_shapes import EXPIRES_AT


class UsedSignatures(DynamoDBTable):
    """Items `signature#<hex>`; the table's TTL removes them."""

    async def use(self, mac: str, expires_at_s: int) -> bool:
        """Use a signature; false when it was used before. After its expiry it is good for nothing anyway."""
        item = {"id": string(f"signature#{mac}"), EXPIRES_AT: number(expires_at_s)}
        return await self._put_if_absent(item, "id")
