"""Card states: what the scorer keeps of each card, one item, every write conditional on the version that was seen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable, read_items


@dataclass(frozen=True, slots=True)
class CardStateDocument:
    """The content of an item: packed history, and up to where each shard is applied, as `sequence/sub`."""

    history: bytes = field(repr=False)
    applied: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredCardState:
    """A document with its version, which rises with every write."""

    document: CardStateDocument
    version: int


class CardStateTable(DynamoDBTable):
    """The card states in DynamoDB, by `account#card_id`."""

    async def load(self, keys: Iterable[str]) -> dict[str, StoredCardState]:
        """The states of those keys that have one, read consistently.

        Raises:
            TimeoutError: DynamoDB answered for none of the keys again and again; an outage, which passes.
        """
        items = await read_items(self._client, self._name, [{"card": string(key)} for key in dict.fromkeys(keys)])
        return {item["card"]["S"]: _stored(item) for item in items}

    async def put(self, key: str, document: CardStateDocument, seen_version: int | None) -> bool:
        """Write a state on condition of the version that was seen, or of no item; false when it is another by now."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(card)"}
        if seen_version is not None:
            condition = {
                "ConditionExpression": "#version = :seen",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":seen": number(seen_version)},
            }
        item: Any = {
            "card": string(key),
            "history": {"B": document.history},
            "applied": {"M": {shard: string(place) for shard, place in document.applied.items()}},
            "version": number(0 if seen_version is None else seen_version + 1),
        }
        return await carried_out(self._client.put_item(TableName=self._name, Item=item, **condition))


def _stored(item: Any) -> StoredCardState:
    """The state of an item. One that somebody damaged gives a history of no bytes, which is none."""
    applied, history = item.get("applied", {}).get("M"), item.get("history", {}).get("B")
    is_whole = history is not None and applied is not None and "version" in item
    places = {shard: str(place.get("S", "")) for shard, place in (applied or {}).items()}
    document = CardStateDocument(bytes(history) if is_whole else b"", places)
    return StoredCardState(document, int(item.get("version", {}).get("N", 0)))
