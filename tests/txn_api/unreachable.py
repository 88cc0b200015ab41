"""AWS clients whose servers are gone."""

from typing import TYPE_CHECKING, NoReturn, cast

from botocore.exceptions import EndpointConnectionError

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient


class _Unreachable:
    async def _call(self, **_: object) -> NoReturn:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    list_shards = get_item = put_item = query = update_item = _call


def unreachable() -> "tuple[KinesisClient, DynamoDBClient]":
    """A stream's and a table's client, whose every call ends in a connection error."""
    return cast("KinesisClient", _Unreachable()), cast("DynamoDBClient", _Unreachable())
