"""The other ids of a card: what a client asks for by an id of one key version, it gets of all.

Rows are there only of cards that were used behind a compromise of the card key: events name their card's ids under
older versions then. Each id has a row with the others, so that whichever a client kept leads to all of them.
"""

from collections.abc import Collection
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import number, string, strings
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.expiry import KEPT_FOR_EVER
from txn_core.dynamodb.table_shapes import EXPIRES_AT
from txn_core.transactions.identity import Account, CardId, key_version

_OTHERS: Final = "others"
_ADD: Final = "ADD #others :others"


class CardTable(DynamoDBTable):
    """Reads and writes of the rows; what was written is never taken back, and may be over with what it is for."""

    async def unite(self, account: Account, card_ids: Collection[CardId], expires_at: int | None = None) -> None:
        """Note that these are ids of one card. Noting it again changes nothing but how long that is kept.

        `expires_at` is when the transaction is over that says so, in seconds since 1970; None for never.
        """
        for card_id in card_ids:
            key, others = _key(account, card_id), strings([other for other in card_ids if other != card_id])
            if expires_at is None:
                await self._update(key, f"{_ADD} REMOVE {EXPIRES_AT}", {":others": others})
            # One write: a row without an end is kept for ever, and the server removes one that is over at any time.
            elif not await self._update(
                key,
                f"{_ADD} SET {EXPIRES_AT} = :until",
                {":others": others, ":until": number(expires_at)},
                ConditionExpression=f"attribute_not_exists(card) OR {EXPIRES_AT} < :until",
            ):
                # It is kept for as long already. Where it is gone by now, what it was for is over.
                await self._update(key, _ADD, {":others": others}, ConditionExpression="attribute_exists(card)")

    async def _update(self, key: Any, update: str, values: Any, **condition: Any) -> bool:
        """Update a row; false when it does not meet the condition."""
        return await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key=key,
                UpdateExpression=update,
                ExpressionAttributeNames={"#others": _OTHERS},
                ExpressionAttributeValues=values,
                **condition,
            )
        )

    async def ids(self, account: Account, card_id: CardId) -> tuple[CardId, ...]:
        """All known ids of the card that has this one, the newest version's first."""
        answer = await self._client.get_item(TableName=self._name, Key=_key(account, card_id))
        item = answer.get("Item", {})
        others = () if KEPT_FOR_EVER.has_passed(item) else item.get(_OTHERS, {}).get("SS", ())
        return tuple(sorted({card_id, *map(CardId, others)}, key=key_version, reverse=True))


def _key(account: Account, card_id: CardId) -> dict[str, Any]:
    return {"card": string(f"{account}#{card_id}")}
