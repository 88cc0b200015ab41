"""Labels: one item a transaction, holding all of its labels, whose every write is conditional on what was seen."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.table_shapes import TableShape
from txn_core.transactions.identity import Account, TransactionId

SHAPE: Final = TableShape("labels", {"id": "HASH"})


class LabelTable(DynamoDBTable):
    """The labels in DynamoDB, as documents with a version, which is the number of writes."""

    async def of(self, account: Account, transaction_id: TransactionId) -> str | None:
        """The document of a transaction's labels, read consistently; None where there is none."""
        item = await self._item({"id": string(f"{account}#{transaction_id}")})
        return None if item is None else str(item["document"]["S"])

    async def of_some(self, account: Account, transaction_ids: Iterable[TransactionId]) -> dict[TransactionId, str]:
        """The documents of those transactions that have labels, read consistently.

        Raises:
            StoreError: DynamoDB left some over again and again.
        """
        ids = (f"{account}#{transaction_id}" for transaction_id in transaction_ids)
        items = await self._some(ids, "id, document")
        return {TransactionId(item["id"]["S"].partition("#")[2]): item["document"]["S"] for item in items}

    async def put(self, account: Account, transaction_id: TransactionId, version: int, document: str) -> bool:
        """Write the version, 1 or more, of a transaction's labels behind the version before it.

        Gives false when somebody else wrote that version.
        """
        first = {"ConditionExpression": "attribute_not_exists(id)"}
        next_: dict[str, Any] = {
            "ConditionExpression": "#version = :seen",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":seen": number(version - 1)},
        }
        return await carried_out(
            self._client.put_item(
                TableName=self._name,
                Item={
                    "id": string(f"{account}#{transaction_id}"),
                    "version": number(version),
                    "document": string(document),
                },
                **(first if version == 1 else next_),
            )
        )

    async def walk(self, *, segment: int = 0, segments: int = 1) -> AsyncIterator[str]:
        """Every document of one of so many segments of the table, of all accounts, in no order."""
        after: dict[str, Any] = {}
        while True:
            answer = await self._client.scan(
                TableName=self._name, Segment=segment, TotalSegments=segments, ConsistentRead=True, **after
            )
            for item in answer["Items"]:
                yield str(item["document"]["S"])
            if "LastEvaluatedKey" not in answer:
                return
            after = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
