"""Whether the process can do its work right now: its stream and its table answer."""

import asyncio
import time
from typing import TYPE_CHECKING, Final

from txn_api.stores import STORE_ERRORS

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient

# Probes come from several balancers at once; AWS allows 20 DescribeStreamSummary calls a second an account.
CACHED_S: Final = 2.0
CHECK_DEADLINE_S: Final = 2.0


class Readiness:
    """Checks the dependencies, at most once in `CACHED_S` seconds."""

    def __init__(self, kinesis: "KinesisClient", stream: str, dynamodb: "DynamoDBClient", table: str) -> None:
        self._kinesis, self._stream = kinesis, stream
        self._dynamodb, self._table = dynamodb, table
        self._lock = asyncio.Lock()
        self._checked_at = float("-inf")
        self._checks: dict[str, str] = {}

    async def checks(self) -> dict[str, str]:
        """`ok` or `unavailable` for each dependency."""
        async with self._lock:
            if time.monotonic() - self._checked_at >= CACHED_S:
                kinesis, dynamodb = await asyncio.gather(self._stream_answers(), self._table_answers())
                self._checks = {"kinesis": kinesis, "dynamodb": dynamodb}
                self._checked_at = time.monotonic()
            return self._checks

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
