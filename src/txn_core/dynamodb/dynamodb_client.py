"""A DynamoDB client whose calls for items take a direct way (`txn_core.aws.json_calls`): botocore looks at each
attribute of each item by its shape, and that costs ten times as much as all that is done with it.
"""

from typing import Any, cast

from pydantic_core import to_json

from txn_core.aws.json_calls import JsonCalls
from txn_core.aws.types import (
    BatchGetItemOutputTypeDef,
    GetItemOutputTypeDef,
    PutItemOutputTypeDef,
    QueryOutputTypeDef,
    UpdateItemOutputTypeDef,
)
from txn_core.dynamodb.binary_attributes import with_base64, with_bytes


class DirectClient(JsonCalls):
    """A DynamoDB client: those calls that are often made go their own way, all others as they are.

    Parameters, answers and errors are those of any client, but for the metadata of an answer: there is none.
    """

    async def get_item(self, **request: Any) -> GetItemOutputTypeDef:
        """Get one item."""
        return cast("GetItemOutputTypeDef", await self._carried_out("GetItem", request))

    async def batch_get_item(self, **request: Any) -> BatchGetItemOutputTypeDef:
        """Get items by their keys."""
        return cast("BatchGetItemOutputTypeDef", await self._carried_out("BatchGetItem", request))

    async def query(self, **request: Any) -> QueryOutputTypeDef:
        """Query a table or an index."""
        return cast("QueryOutputTypeDef", await self._carried_out("Query", request))

    async def put_item(self, **request: Any) -> PutItemOutputTypeDef:
        """Put one item."""
        return cast("PutItemOutputTypeDef", await self._carried_out("PutItem", request))

    async def update_item(self, **request: Any) -> UpdateItemOutputTypeDef:
        """Update one item."""
        return cast("UpdateItemOutputTypeDef", await self._carried_out("UpdateItem", request))

    async def _carried_out(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return await self.call(operation, to_json(with_base64(request)))

    def _read(self, content: bytes) -> dict[str, Any]:
        return with_bytes(super()._read(content), content)
