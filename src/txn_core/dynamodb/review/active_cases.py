"""The cases of an account that are not closed, with no more of each than tells whether it has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.review.cases import ACTIVE, AT_ONCE, BY_STATE
from txn_core.transactions.identity import Account, CaseId
from txn_core.transactions.instants import Instant

_ROWS: Final = 100
"""Of one query: an answer is taken apart in one turn of the event loop."""
_SHOWN: Final = ("id", "version", "free_at", "assigned_until")


@dataclass(frozen=True, slots=True)
class ActiveCase:
    """A case, its version, from when on it may be claimed, and until when it is assigned."""

    case_id: CaseId
    version: int
    free_at: Instant
    assigned_until: Instant = AT_ONCE


class ActiveCases(DynamoDBTable):
    """The cases in DynamoDB that are not closed."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        super().__init__(client, name)

    async def latest(self, account: Account, cases_max: int) -> list[ActiveCase]:
        """The cases that were opened last, the latest first. The index may lag behind writes on AWS."""
        found: list[ActiveCase] = []
        after: dict[str, Any] = {}
        while len(found) < cases_max:
            answer = await self._client.query(
                TableName=self._name,
                IndexName=BY_STATE,
                KeyConditionExpression="#state = :state",
                ProjectionExpression=", ".join(f"#{name}" for name in _SHOWN),
                ExpressionAttributeNames={"#state": "state", **{f"#{name}": name for name in _SHOWN}},
                ExpressionAttributeValues={":state": string(f"{account}#{ACTIVE}")},
                ScanIndexForward=False,
                Limit=min(_ROWS, cases_max - len(found)),
                **after,
            )
            found += map(_active, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                break
            after = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return found


def _active(item: Mapping[str, Any]) -> ActiveCase:
    return ActiveCase(
        CaseId(item["id"]["S"].partition("#")[2]),
        int(item["version"]["N"]),
        Instant(item["free_at"]["S"]),
        Instant(item.get("assigned_until", {}).get("S", AT_ONCE)),
    )
