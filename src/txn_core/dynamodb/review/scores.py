"""Scores: one small item for each write of a transaction that was scored, which its look-up shows as `risk`.

Most ids have one. An id that was sent again under another card, or that two shards held in a reshard, has one for
each record that was scored, under a key of its own. So no write needs a condition, they go in batches, and none of
them takes the place of another record's score.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.table_shapes import TableShape
from txn_core.exceptions import StoreError
from txn_core.positions import WriteOrder
from txn_core.transactions.identity import Account, CardId, TransactionId

SHAPE: Final = TableShape("scores", {"id": "HASH", "record": "RANGE"})
SCORES_MAX: Final = 100
"""Of one id that a look-up reads."""
BATCH_ITEMS_MAX: Final = 25
ROUNDS_MAX: Final = 8
"""Of what DynamoDB leaves over of one batch; each round waits `PAUSE_S` longer than the one before."""
PAUSE_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class ScoreItem:
    """What is kept of a score: `score` 0 to 999, or None where no model scored; `decision` pass, review or alert.

    `write` is the record's `write_of`.
    """

    account: Account
    transaction_id: TransactionId
    card_id: CardId
    write: str
    score: int | None
    decision: str
    model: str | None
    rules: str | None = None
    fallback: str | None = None

    def attributes(self) -> dict[str, Any]:
        """The item as DynamoDB takes it; short names, since each kilobyte of a write is a unit."""
        texts = {"m": self.model, "r": self.rules, "f": self.fallback}
        return {
            "id": string(f"{self.account}#{self.transaction_id}"),
            "record": string(f"{self.card_id}#{self.write}"),
            "d": string(self.decision),
            **({} if self.score is None else {"s": number(self.score)}),
            **{name: string(text) for name, text in texts.items() if text is not None},
        }


class ScoreTable(DynamoDBTable):
    """The scores in DynamoDB."""

    async def of(self, account: Account, transaction_id: TransactionId) -> list[ScoreItem]:
        """The scores of a transaction, read consistently: one as a rule, none while it is not scored."""
        found = await self._client.query(
            TableName=self._name,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": string(f"{account}#{transaction_id}")},
            ConsistentRead=True,
            Limit=SCORES_MAX,
        )
        return [_score(account, transaction_id, item) for item in found["Items"]]

    async def put_all(self, items: Sequence[ScoreItem]) -> None:
        """Write scores, each record once.

        Raises:
            StoreError: DynamoDB left some over again and again; to write all of them once more does no harm.
        """
        for start in range(0, len(items), BATCH_ITEMS_MAX):
            left: Any = {
                self._name: [
                    {"PutRequest": {"Item": item.attributes()}} for item in items[start : start + BATCH_ITEMS_MAX]
                ]
            }
            for attempt in range(ROUNDS_MAX):
                await asyncio.sleep(PAUSE_S * attempt)
                left = (await self._client.batch_write_item(RequestItems=left))["UnprocessedItems"]
                if not left:
                    break
            else:
                raise StoreError(f"{self._name} took only some of the scores")


_TEXTS: Final = (("model", "m"), ("rules", "r"), ("fallback", "f"))


def write_of(order: WriteOrder) -> str:
    """What tells one write of an id from another: 12 hexadecimal digits of its order's digest."""
    return blake2b(order.text.encode(), digest_size=6).hexdigest()


def score_of(items: Sequence[ScoreItem], cards: Collection[str], order: WriteOrder) -> ScoreItem | None:
    """The score of the write that counts, of those of its id; `cards` are the ids of its card, also the older ones.

    A repeat is not scored: where it turns out to be the first write, the card's other score counts.
    """
    own = [item for item in items if item.card_id in cards]
    write = write_of(order)
    return next((item for item in own if item.write == write), own[0] if own else None)


def _score(account: Account, transaction_id: TransactionId, item: Any) -> ScoreItem:
    card_id, _, write = item["record"]["S"].partition("#")
    return ScoreItem(
        account=account,
        transaction_id=transaction_id,
        card_id=CardId(card_id),
        write=write,
        score=int(item["s"]["N"]) if "s" in item else None,
        decision=item["d"]["S"],
        **{name: item.get(short, {}).get("S") for name, short in _TEXTS},
    )
