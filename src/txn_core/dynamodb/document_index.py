"""Documents in the order of an index: pages of them between two times, with what a filter leaves of them.

A filter looks at documents here and not in DynamoDB, which bounds what it reads before it filters: a page would end
at any place. A page looks at a bounded number of documents; it may have few rows or none, and yet more behind it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.ranges import Chunk, Page, RangeQuery, Row, SortKey, merge

LOOKED_AT_MAX: Final = 1_000
"""Documents that one page looks at, as many as a page may have."""
ITEM_KEY: Final = "id"

Wanted = Callable[[Sequence[Row]], Awaitable[Sequence[bool]]]
"""Says of some rows which of them are wanted."""


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

    async def filtered(self, query: RangeQuery, wanted: Wanted) -> tuple[tuple[Row, ...], SortKey | None]:
        """The wanted rows of a range, and behind which sort key it goes on, if it does."""
        limit, after, found, looked_at = query.span.limit, query.span.after, list[Row](), 0
        rows_max = limit
        while True:
            page = await self.page(replace(query, span=replace(query.span, after=after, limit=rows_max)))
            for row, is_wanted in zip(page.rows, await wanted(page.rows), strict=True):
                after = row.sort
                found += [row] if is_wanted else []
                if len(found) == limit:
                    goes_on = page.has_more or row is not page.rows[-1]
                    return tuple(found), after if goes_on else None
            looked_at += len(page.rows)
            if not page.has_more or looked_at >= LOOKED_AT_MAX:
                return tuple(found), after if page.has_more else None
            rows_max = LOOKED_AT_MAX - looked_at
