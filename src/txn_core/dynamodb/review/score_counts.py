"""Counts of scores: one item for each account, day of arrival and shard, and what scores now, under an id of its own.

Each item of counts says up to which position of its shard it counts. So the range of a flush is counted once, however
often the flush is carried out.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.table_shapes import EXPIRES_AT, TableShape
from txn_core.positions import ShardId
from txn_core.transactions.identity import Account

SHAPE: Final = TableShape("score-counts", {"account": "HASH", "part": "RANGE"})
KEPT_DAYS: Final = 120
PAGE_ITEMS: Final = 64
PAGES_MAX: Final = 200
"""Of `PAGE_ITEMS`, that one reading takes at most: 90 days of 140 shards."""
_IN_USE: Final = "#in_use"  # no account is called so
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class CountKey:
    """Whose scores, of which day of arrival (`2026-01-02`, UTC), on which shard."""

    account: Account
    day: str
    shard_id: ShardId


@dataclass(frozen=True, slots=True)
class CountItem:
    """Counts as they are stored; `through` is the last position that is counted, as a text that sorts."""

    through: str
    document: str


class ScoreCountTable(DynamoDBTable):
    """The counts in DynamoDB."""

    async def of(self, key: CountKey) -> CountItem | None:
        """The counts of a key, read consistently."""
        item = await self._item(_key(key.account, f"{key.day}#{key.shard_id}"))
        return None if item is None else CountItem(item["through"]["S"], item["document"]["S"])

    async def put(self, key: CountKey, item: CountItem, *, seen: str | None, day_s: int) -> bool:
        """Write counts over those that count `through` what was seen, or where there are none; false when others are.

        The item goes `KEPT_DAYS` after the day, which begins at `day_s` seconds since 1970.
        """
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(part)"}
        if seen is not None:
            condition = {
                "ConditionExpression": "#through = :seen",
                "ExpressionAttributeNames": {"#through": "through"},
                "ExpressionAttributeValues": {":seen": string(seen)},
            }
        stored: Any = {
            **_key(key.account, f"{key.day}#{key.shard_id}"),
            "through": string(item.through),
            "document": string(item.document),
            EXPIRES_AT: number(day_s + KEPT_DAYS * _DAY_S),
        }
        return await carried_out(self._client.put_item(TableName=self._name, Item=stored, **condition))

    async def since(self, account: Account, day: str) -> AsyncIterator[tuple[str, str]]:
        """The days and documents of an account's counts from a day on, the latest first, up to `PAGES_MAX` pages."""
        async for part, document in self._from(account, day):
            yield part.partition("#")[0], document

    async def note_in_use(self, part: str, document: str) -> None:
        """Say something of what scores now, in the place of what was said of that part before."""
        item: Any = {**_key(_IN_USE, part), "document": string(document)}
        await self._client.put_item(TableName=self._name, Item=item)

    async def in_use(self) -> dict[str, str]:
        """What is said of what scores now, by its parts."""
        return {part: document async for part, document in self._from(_IN_USE, " ")}

    async def _from(self, account: str, part: str) -> AsyncIterator[tuple[str, str]]:
        after: dict[str, Any] = {}
        for _ in range(PAGES_MAX):
            answer = await self._client.query(
                TableName=self._name,
                KeyConditionExpression="#account = :account AND #part >= :part",
                ProjectionExpression="#part, #document",
                ScanIndexForward=False,
                Limit=PAGE_ITEMS,
                ExpressionAttributeNames={"#account": "account", "#part": "part", "#document": "document"},
                ExpressionAttributeValues={":account": string(account), ":part": string(part)},
                **after,
            )
            for item in answer["Items"]:
                yield item["part"]["S"], item["document"]["S"]
            if "LastEvaluatedKey" not in answer:
                return
            after = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _key(account: str, part: str) -> dict[str, Any]:
    return {"account": string(account), "part": string(part)}
