"""Whether the API can do its work right now: its stream and its table answer."""

from collections.abc import Callable
from functools import partial

from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.dynamodb.attributes import string
from txn_core.readiness import Check, ReadinessChecks, stream_usable


def readiness_of(
    kinesis: KinesisClient, stream: str, stored_s: Callable[[], float], dynamodb: DynamoDBClient, table: str
) -> ReadinessChecks:
    """The checks of stream and table; a probe is told `ok` or `unavailable` and never why.

    `stored_s` gives when the process last put a record on the stream, by the clock of the event loop.
    """
    checks: dict[str, Check] = {
        "kinesis": partial(stream_usable, kinesis, stream, stored_s),
        "dynamodb": partial(dynamodb.get_item, TableName=table, Key={"id": string("#ready")}),
    }
    return ReadinessChecks(checks, lambda _: "unavailable")
