"""A look at something that costs all who look together: one process looks, and all processes see what it saw.

An item of the idempotency table for each kind of look, whose TTL removes those that nobody takes any more.
"""

from dataclasses import dataclass
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.table_shapes import EXPIRES_AT

KEPT_S: Final = 24 * 3600
DOCUMENT_BYTES_MAX: Final = 256 << 10  # an item has 400 KB


@dataclass(frozen=True, slots=True)
class SeenLook:
    """What was seen last, if somebody has looked to the end, and from when on (ms since 1970) the next may look."""

    document: bytes | None
    next_at_ms: int


class SharedLookTable(DynamoDBTable):
    """Items `look#<kind>`."""

    async def seen(self, kind: str) -> SeenLook | None:
        """The last look; None when nobody has looked."""
        item = await self._item(_key(kind))
        if item is None:
            return None
        return SeenLook(item["document"]["B"] if "document" in item else None, int(item["next_at"]["N"]))

    async def claim(self, kind: str, seen: SeenLook | None, next_at_ms: int) -> bool:
        """Take the turn that follows a look; false when another process has taken it."""
        values = {":next": number(next_at_ms), ":expires": number(next_at_ms // 1000 + KEPT_S)}
        condition = "attribute_not_exists(next_at)"
        if seen is not None:
            condition, values[":seen"] = "next_at = :seen", number(seen.next_at_ms)
        return await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key=_key(kind),
                UpdateExpression="SET next_at = :next, #expires = :expires",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#expires": EXPIRES_AT},
                ExpressionAttributeValues=values,
            )
        )

    async def put(self, kind: str, document: bytes) -> None:
        """Say what was seen.

        Raises:
            ValueError: the document is larger than an item may be.
        """
        if len(document) > DOCUMENT_BYTES_MAX:
            raise ValueError(f"a look of {len(document)} bytes")
        await self._client.update_item(
            TableName=self._name,
            Key=_key(kind),
            UpdateExpression="SET document = :document",
            ExpressionAttributeValues={":document": {"B": document}},
        )


def _key(kind: str) -> dict[str, Any]:
    return {"id": string(f"look#{kind}")}
