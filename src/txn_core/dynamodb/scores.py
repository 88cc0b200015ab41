"""Scores: one small item a transaction, which its look-up shows as `risk`.

A score is the same whoever computes it, so writes have no condition and go in batches.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.table_shapes import TableShape
from txn_core.exceptions import StoreError
from txn_core.transactions.identity import Account, TransactionId

SHAPE: Final = TableShape("scores", {"id": "HASH"})
BATCH_ITEMS_MAX: Final = 25
ROUNDS_MAX: Final = 8
"""Of what DynamoDB leaves over of one batch; each round waits `PAUSE_S` longer than the one before."""
PAUSE_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class ScoreItem:
    """What is kept of a score: `score` 0 to 999, or None where no model scored; `decision` pass, review or alert."""

    account: Account
    transaction_id: TransactionId
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
            "d": string(self.decision),
            **({} if self.score is None else {"s": number(self.score)}),
            **{name: string(text) for name, text in texts.items() if text is not None},
        }


class ScoreTable(DynamoDBTable):
    """The scores in DynamoDB."""

    async def of(self, account: Account, transaction_id: TransactionId) -> ScoreItem | None:
        """The score of a transaction, read consistently; None while there is none."""
        item = await self._item({"id": string(f"{account}#{transaction_id}")})
        if item is None:
            return None
        return ScoreItem(
            account=account,
            transaction_id=transaction_id,
            score=int(item["s"]["N"]) if "s" in item else None,
            decision=item["d"]["S"],
            **{name: item.get(short, {}).get("S") for name, short in _TEXTS},
        )

    async def put_all(self, items: Sequence[ScoreItem]) -> None:
        """Write scores, each transaction once.

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
