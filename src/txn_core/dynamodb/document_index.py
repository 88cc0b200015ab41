"""Documents in the order of an index: pages of them between two times."""

from typing import Any, Final

from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.ranges import Chunk, Page, RangeQuery, Row, SortKey, merge

ITEM_KEY: Final = "id"


class DocumentIndex:
    """The rows of an index of a table: its items have the key `id`, a sort key `sort`, and a document."""

    def __init__(self, client: DynamoDBClient, table: str, document: str) -> None:
        """`document` names the attribute that a row shows."""
        self._client, self._table, self._document = client, table, document

    async def page(self, query: RangeQuery) -> Page:
        """One page of a range. Index reads may lag behind writes on AWS."""
        low, high = query.span.bounds()

        async def read(partition: str, after: SortKey | None, rows_max: int) -> Chunk:
            request: dict[str, Any] = {
                "TableName": self._table,
                "IndexName": query.index,
                "KeyConditionExpression": "#key = :key AND #sort BETWEEN :low AND :high",
                "ProjectionExpression": "#sort, #document",
                "ExpressionAttributeNames": {"#key": query.key, "#sort": "sort", "#document": self._document},
                "ExpressionAttributeValues": {":key": string(partition), ":low": string(low), ":high": string(high)},
                "ScanIndexForward": not query.span.descending,
                "Limit": rows_max,
            }
            if after is not None:
                # The row behind which the read goes on need not stand in this partition.
                place = f"{partition.partition('#')[0]}#{after.partition('#')[2]}"
                request["ExclusiveStartKey"] = {
                    ITEM_KEY: string(place),
                    query.key: string(partition),
                    "sort": string(after),
                }
            answer = await self._client.query(**request)
            rows = [Row(SortKey(item["sort"]["S"]), item[self._document]["S"]) for item in answer["Items"]]
            rest = answer.get("LastEvaluatedKey")
            return Chunk(rows, None if rest is None else SortKey(rest["sort"]["S"]))

        return await merge(query, read)
