"""A DynamoDB client whose reads and updates take a direct way (`txn_core.aws.json_calls`): botocore looks at each
attribute of each item of a page by its shape, and that costs ten times as much as all that is done with them.
"""

from typing import Any, cast

from pydantic_core import to_json

from txn_core.aws.json_calls import JsonCalls
from txn_core.aws.types import GetItemOutputTypeDef, QueryOutputTypeDef, UpdateItemOutputTypeDef


class DirectClient(JsonCalls):
    """A DynamoDB client: GetItem, Query and UpdateItem their own way, and all other calls as they are.

    For items without binary attributes: theirs would stay base64.
    """

    async def get_item(self, **request: Any) -> GetItemOutputTypeDef:
        """Get one item; parameters and errors as of any client."""
        return cast("GetItemOutputTypeDef", await self.call("GetItem", to_json(request)))

    async def query(self, **request: Any) -> QueryOutputTypeDef:
        """Query a table or an index; parameters and errors as of any client."""
        return cast("QueryOutputTypeDef", await self.call("Query", to_json(request)))

    async def update_item(self, **request: Any) -> UpdateItemOutputTypeDef:
        """Update one item; parameters and errors as of any client."""
        return cast("UpdateItemOutputTypeDef", await self.call("UpdateItem", to_json(request)))
