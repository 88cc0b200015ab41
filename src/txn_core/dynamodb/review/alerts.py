"""Alerts: one item an alert, found again by account and by case in the order in which they were raised.

An item holds the alert's document as it is answered, and whether the document stands on the stream of alerts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.document_index import DocumentIndex
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.ranges import RangeQuery, Span
from txn_core.dynamodb.table_shapes import TableShape
from txn_core.transactions.identity import Account, AlertId, CaseId

BY_ACCOUNT: Final = "by_account"
BY_CASE: Final = "by_case"
SHAPE: Final = TableShape(
    "alerts",
    {"id": "HASH"},
    indexes={
        BY_ACCOUNT: {"account": "HASH", "sort": "RANGE"},
        BY_CASE: {"case": "HASH", "sort": "RANGE"},
    },
)


@dataclass(frozen=True, slots=True)
class AlertItem:
    """An alert as it is stored; `is_published` is its outbox mark."""

    account: Account
    alert_id: AlertId
    case_id: CaseId
    alerted_at: str
    document: str
    is_published: bool = False


class AlertTable(DynamoDBTable):
    """The alerts in DynamoDB."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        super().__init__(client, name)
        self.index = DocumentIndex(client, name, "document")

    async def find(self, account: Account, alert_id: AlertId) -> AlertItem | None:
        """An alert, read consistently."""
        item = await self._item({"id": string(f"{account}#{alert_id}")})
        return None if item is None else _item(account, alert_id, item)

    async def put_if_absent(self, item: AlertItem) -> bool:
        """Store an alert unless it is there; false when it is."""
        return await self._put_if_absent(
            {
                "id": string(f"{item.account}#{item.alert_id}"),
                "account": string(item.account),
                "case": string(f"{item.account}#{item.case_id}"),
                "sort": string(f"{item.alerted_at}#{item.alert_id}"),
                "document": string(item.document),
                "published": {"BOOL": item.is_published},
            },
            "id",
        )

    async def move(self, item: AlertItem, case_id: CaseId, document: str) -> bool:
        """Give an alert to another case; false when it has another one than was seen by now."""
        return await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key={"id": string(f"{item.account}#{item.alert_id}")},
                UpdateExpression="SET #case = :case, #document = :document",
                ConditionExpression="#case = :seen",
                ExpressionAttributeNames={"#case": "case", "#document": "document"},
                ExpressionAttributeValues={
                    ":case": string(f"{item.account}#{case_id}"),
                    ":document": string(document),
                    ":seen": string(f"{item.account}#{item.case_id}"),
                },
            )
        )

    async def mark_published(self, account: Account, alert_id: AlertId) -> None:
        """Note that the alert stands on the stream; once more changes nothing."""
        await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key={"id": string(f"{account}#{alert_id}")},
                UpdateExpression="SET published = :true",
                ConditionExpression="attribute_exists(id)",
                ExpressionAttributeValues={":true": {"BOOL": True}},
            )
        )

    def of_account(self, account: Account, span: Span) -> RangeQuery:
        """The range of an account's alerts."""
        return RangeQuery(BY_ACCOUNT, "account", account, (account,), span)

    def of_case(self, account: Account, case_id: CaseId, span: Span) -> RangeQuery:
        """The range of a case's alerts."""
        case = f"{account}#{case_id}"
        return RangeQuery(BY_CASE, "case", case, (case,), span)


def _item(account: Account, alert_id: AlertId, item: Mapping[str, Any]) -> AlertItem:
    return AlertItem(
        account=account,
        alert_id=alert_id,
        case_id=CaseId(item["case"]["S"].partition("#")[2]),
        alerted_at=item["sort"]["S"].partition("#")[0],
        document=item["document"]["S"],
        is_published=item["published"]["BOOL"],
    )
