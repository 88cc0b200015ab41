"""Whether the process can do its work right now: its stream and its table answer."""

import asyncio
from typing import TYPE_CHECKING, Final

from txn_api.single_flight import KeptValue
from txn_api.stores import STORE_ERRORS

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient

# Probes come from several balancers at once; AWS allows 20 DescribeStreamSummary calls a second an account.
CACHED_S: Final = 2.0
CHECK_DEADLINE_S: Final = 2.0
WAITS_MAX: Final = 64
"""Requests that wait for one check: balancers are few."""

_UNAVAILABLE: Final = {"kinesis": "unavailable", "dynamodb": "unavailable"}


class Readiness:
    """Checks the dependencies, at most once in `CACHED_S` seconds."""

    def __init__(self, kinesis: "KinesisClient", stream: str, dynamodb: "DynamoDBClient", table: str) -> None:
        self._kinesis, self._stream = kinesis, stream
        self._dynamodb, self._table = dynamodb, table
        # Shared, and not ended by whoever asked first: probes that come and go ask no store more often.
        self._checks = KeptValue(self._checked, kept_s=CACHED_S, make_s_max=2 * CHECK_DEADLINE_S, waits_max=WAITS_MAX)

    async def checks(self) -> dict[str, str]:
        """`ok` or `unavailable` for each dependency; the last answer, when too many wait for the next one already."""
        return await self._checks.get() or self._checks.latest or _UNAVAILABLE

    async def _checked(self) -> dict[str, str]:
        kinesis, dynamodb = await asyncio.gather(self._stream_answers(), self._table_answers())
        return {"kinesis": kinesis, "dynamodb": dynamodb}

    async def _stream_answers(self) -> str:
        try:
            async with asyncio.timeout(CHECK_DEADLINE_S):
                summary = await self._kinesis.describe_stream_summary(StreamName=self._stream)
        except STORE_ERRORS:
            return "unavailable"
        usable = summary["StreamDescriptionSummary"]["StreamStatus"] in {"ACTIVE", "UPDATING"}
        return "ok" if usable else "unavailable"

    async def _table_answers(self) -> str:
        try:
            async with asyncio.timeout(CHECK_DEADLINE_S):
                await self._dynamodb.get_item(TableName=self._table, Key={"id": {"S": "#ready"}})
        except STORE_ERRORS:
            return "unavailable"
        return "ok"
