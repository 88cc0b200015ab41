"""A DynamoDB client whose reads and updates take a direct way (`txn_core.aws.json_calls`): botocore looks at each
attribute of each item of a page by its shape, and that costs ten times as much as all that is done with them.
"""

from typing import TYPE_CHECKING, Any, cast

from aiobotocore.credentials import AioCredentials
from pydantic_core import to_json

from txn_core.aws.http import Wire
from txn_core.aws.json_calls import JsonCalls

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_dynamodb.type_defs import (
        GetItemOutputTypeDef,
        QueryOutputTypeDef,
        UpdateItemOutputTypeDef,
    )


class DirectClient:
    """A DynamoDB client: GetItem, Query and UpdateItem their own way, and all other calls as they are.

    For items without binary attributes: theirs would stay base64.
    """

    def __init__(
        self, client: "DynamoDBClient", credentials: AioCredentials | None, wire: Wire | None = None
    ) -> None:
        """Take an open client, the credentials that it signs with, and a wire, by default its own; owns neither."""
        self._client, self._calls = client, JsonCalls(cast("Any", client), credentials, wire)

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    async def get_item(self, **request: Any) -> "GetItemOutputTypeDef":
        """Get one item; parameters and errors as of any client."""
        return cast("GetItemOutputTypeDef", await self._calls.call("GetItem", to_json(request)))

    async def query(self, **request: Any) -> "QueryOutputTypeDef":
        """Query a table or an index; parameters and errors as of any client."""
        return cast("QueryOutputTypeDef", await self._calls.call("Query", to_json(request)))

    async def update_item(self, **request: Any) -> "UpdateItemOutputTypeDef":
        """Update one item; parameters and errors as of any client."""
        return cast("UpdateItemOutputTypeDef", await self._calls.call("UpdateItem", to_json(request)))
