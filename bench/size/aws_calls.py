"""Calls to a local server of AWS' JSON protocol, cheap ones: neither server checks a signature."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self

from pydantic_core import from_json, to_json

from txn_core.aws.http import HttpPool

UNTIL_S_MAX: Final = 30.0
PAUSE_S: Final = 0.01
_TARGETS: Final = {"kinesis": ("Kinesis_20131202", "1.1"), "dynamodb": ("DynamoDB_20120810", "1.0")}
_UNSIGNED: Final = {
    "x-amz-date": "20260101T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/r/s/aws4_request, SignedHeaders=host, Signature=a",
}


class Caller:
    """A server's operations."""

    def __init__(self, kind: str, wire: HttpPool) -> None:
        self._wire = wire
        self._target, version = _TARGETS[kind]
        self._headers = {**_UNSIGNED, "content-type": f"application/x-amz-json-{version}"}

    @classmethod
    @asynccontextmanager
    async def of(cls, kind: str, url: str) -> AsyncIterator[Self]:
        """A caller of the server of a kind at a URL."""
        wire = HttpPool(url, connect_timeout_s=5, read_timeout_s=60, connections_max=8)
        try:
            yield cls(kind, wire)
        finally:
            await wire.close()

    async def call(self, operation: str, **request: object) -> Any:
        """The answer to a call.

        Raises:
            RuntimeError: the server refused.
        """
        status, content = await self._post(operation, request)
        if status != 200:
            raise RuntimeError(f"{operation}: {status} {content!r}")
        return from_json(content) if content else None

    async def until(self, operation: str, sign: str, **request: object) -> None:
        """Call until the answer has a sign in it."""
        async with asyncio.timeout(UNTIL_S_MAX):
            while sign.encode() not in (await self._post(operation, request))[1]:  # noqa: ASYNC110 - a server's state
                await asyncio.sleep(PAUSE_S)

    async def _post(self, operation: str, request: object) -> tuple[int, bytes]:
        return await self._wire.post(
            {**self._headers, "x-amz-target": f"{self._target}.{operation}"}, to_json(request)
        )
