"""The other ids of a card: what a client asks for by an id of one key version, it gets of all.

Rows are there only of cards that were used behind a compromise of the card key: events name their card's ids under
older versions then. Each id has a row with the others, so that whichever a client kept leads to all of them.
"""

from collections.abc import Collection
from typing import Final

from txn_core.dynamodb.attributes import string, strings
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.transactions.identity import Account, CardId, key_version

_OTHERS: Final = "others"


class CardTable(DynamoDBTable):
    """Reads and writes of the rows; what was written is never taken back."""

    async def unite(self, account: Account, card_ids: Collection[CardId]) -> None:
        """Note that these are ids of one card. Noting it again changes nothing."""
        for card_id in card_ids:
            await self._client.update_item(
                TableName=self._name,
                Key=_key(account, card_id),
                UpdateExpression="ADD #others :others",
                ExpressionAttributeNames={"#others": _OTHERS},
                ExpressionAttributeValues={":others": strings([other for other in card_ids if other != card_id])},
            )

    async def ids(self, account: Account, card_id: CardId) -> tuple[CardId, ...]:
        """All known ids of the card that has this one, the newest version's first."""
        answer = await self._client.get_item(TableName=self._name, Key=_key(account, card_id))
        others = answer.get("Item", {}).get(_OTHERS, {}).get("SS", ())
        return tuple(sorted({card_id, *map(CardId, others)}, key=key_version, reverse=True))


def _key(account: Account, card_id: CardId) -> dict[str, dict[str, str]]:
    return {"card": string(f"{account}#{card_id}")}
