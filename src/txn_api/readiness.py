"""Whether the API can do its work right now: its stream and its table answer."""

from functools import partial
from typing import TYPE_CHECKING

from txn_core.dynamodb.attributes import string
from txn_core.readiness import Check, ReadinessChecks, stream_usable

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient


def readiness_of(kinesis: "KinesisClient", stream: str, dynamodb: "DynamoDBClient", table: str) -> ReadinessChecks:
    """The checks of stream and table; a probe is told `ok` or `unavailable` and never why."""
    checks: dict[str, Check] = {
        "kinesis": partial(stream_usable, kinesis, stream),
        "dynamodb": partial(dynamodb.get_item, TableName=table, Key={"id": string("#ready")}),
    }
    return ReadinessChecks(checks, lambda _: "unavailable")
