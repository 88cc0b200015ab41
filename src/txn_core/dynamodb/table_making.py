"""Makes tables, or finds them: what they lack is added, and nothing is taken from them.

Each is described before it is made, so that a process without the right to make or change tables finds those that are
as they should be.
"""

import asyncio
from typing import Any, Final

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, code_of, failure_of
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.table_shapes import EXPIRES_AT

POLL_S: Final = 0.1


async def make_table(client: DynamoDBClient, definition: Any) -> None:
    """Return when a table is there and active; the caller bounds the time.

    Raises:
        ClientError: a call is refused.
    """
    made = False
    while True:
        status = await _status(client, definition["TableName"])
        if status == "ACTIVE":
            return
        if status is None and not made:  # a table that was only just asked for may not be known yet
            try:
                await client.create_table(**definition)
            except ClientError as error:
                if code_of(error) != "ResourceInUseException":  # somebody else was quicker
                    raise
            made = True
        await asyncio.sleep(POLL_S)


async def _status(client: DynamoDBClient, name: str) -> str | None:
    try:
        return (await client.describe_table(TableName=name))["Table"]["TableStatus"]
    except ClientError as error:
        if failure_of(error) is not Failure.NOT_FOUND:
            raise
        return None


async def let_rows_expire(client: DynamoDBClient, table: str) -> bool:
    """Have a table's items removed after the moment in their `EXPIRES_AT`; gives whether the server can."""
    try:
        described = await client.describe_time_to_live(TableName=table)
        if described["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED":
            await client.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES_AT}
            )
    except ClientError as error:
        if code_of(error) not in {"UnknownOperationException", "ValidationException"}:
            raise
        # Not valid: somebody else was quicker, and it is on already, or being turned on.
        return code_of(error) == "ValidationException"
    return True


async def keep_backups(client: DynamoDBClient, table: str) -> None:
    """Turn a table's point-in-time recovery on, if it is off; the caller bounds the time.

    A table that was only just made is asked again until it takes it.

    Raises:
        ClientError: a call is refused, as by a server that has no such thing.
    """
    while True:
        described = await client.describe_continuous_backups(TableName=table)
        recovery = described["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
            return
        try:
            await client.update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
        except ClientError as error:
            if code_of(error) != "ContinuousBackupsUnavailableException":
                raise
            await asyncio.sleep(POLL_S)
        else:
            return
