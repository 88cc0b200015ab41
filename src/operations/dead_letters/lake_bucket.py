"""The bucket of the lake for a process that needs it seldom: its client is made when it is needed first.

To make the first client for S3 takes 55 ms of CPU time, 25 of them to read botocore's description of the service.
That is read in another thread.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from txn_core.aws.clients import Aws, read_s3_model
from txn_core.aws.objects import ObjectStore


class LakeBucket:
    """The bucket, if the settings name one."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._opened = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._store: ObjectStore | None = None

    @classmethod
    @asynccontextmanager
    async def of(cls, aws: Aws) -> "AsyncIterator[LakeBucket]":
        """The bucket for the time of the block."""
        bucket = cls(aws)
        async with bucket._opened:
            yield bucket

    @property
    def is_configured(self) -> bool:
        """Whether there is a bucket."""
        return self._aws.settings.bucket is not None

    async def store(self) -> ObjectStore:
        """The store.

        Raises:
            SettingsError: no bucket is set.
            StoreError: nobody says whose bucket it is.
        """
        async with self._opening:
            if self._store is None:
                await asyncio.to_thread(read_s3_model)
                self._store = await self._opened.enter_async_context(self._aws.lake())
        return self._store
