"""Keeps the shard map true, and the routing right for the stream.

A landing on a shard that the map does not know says that the map is old: it is read again. A landing on one that it
knows, but that does not own the hash key, says that the stream does not go by keys, and readers that hold every
record against its shard's range (KCL) would drop what was aggregated; if such landings are no exceptions,
aggregation is turned off.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

from txn_core.exceptions import StoreError
from txn_core.kinesis.outcomes import ATTEMPT_ERRORS, outcome_of_error
from txn_core.kinesis.routing import ByKey, ByShard, Routing
from txn_core.kinesis.shard_map import ShardMap

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

REFRESH_S: Final = 60.0
REFRESH_S_MIN: Final = 1.0
LISTING_S_MAX: Final = 10.0
LISTINGS_AT_START_MAX: Final = 5  # one made in the middle of a reshard is made again
# Strays count one, other landings count against them: of two shards that are chosen by chance half are strays.
STRAYS_MAX: Final = 8.0
STRAY_ATONED: Final = 0.5

_log = structlog.get_logger()


class ShardMapKeeper:
    """Reads a stream's shards at the start, now and then, and when a landing casts doubt on the map."""

    def __init__(self, client: "KinesisClient", stream: str, adopt: Callable[[Routing], None]) -> None:
        """`adopt` is called with every routing to go by from then on."""
        self._client, self._stream, self._adopt = client, stream, adopt
        self._shard_map: ShardMap | None = None
        self._strays = 0.0
        self._doubted = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self.refreshes_failed = 0

    async def start(self) -> None:
        """Read the map and keep it fresh until `stop`.

        Raises:
            StoreError: the shards cannot be listed.
        """
        for attempt in range(1, LISTINGS_AT_START_MAX + 1):
            try:
                self._take(await self._listed())
                break
            except StoreError:
                if attempt == LISTINGS_AT_START_MAX:
                    raise
                await asyncio.sleep(REFRESH_S_MIN)
            except ATTEMPT_ERRORS as error:
                code = outcome_of_error(error).code
                raise StoreError(f"stream {self._stream}: its shards cannot be listed: {code}") from error
        self._running = asyncio.create_task(self._keep_fresh())

    async def stop(self) -> None:
        """Read no more."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def landed(self, expected: str, shard_id: str) -> bool:
        """Note where a record landed; whether it was expected there."""
        if shard_id == expected:
            self._strays = max(0.0, self._strays - STRAY_ATONED)
            return True
        known = self._shard_map
        # What was sent by the map before, to a shard that is closed by now, proves nothing.
        if known is not None and shard_id in known and expected in known:
            self._strays += 1
        self._doubted.set()
        return False

    async def _keep_fresh(self) -> None:
        while self._shard_map is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._doubted.wait()
            self._doubted.clear()
            await self._refresh()
            await asyncio.sleep(REFRESH_S_MIN)

    async def _refresh(self) -> None:
        """Read the map again; while that fails the old one serves, and landings are told as they are."""
        try:
            fresh = await self._listed()
        except Exception as error:  # noqa: BLE001 - outermost of its task: the map is never left stale for good
            if not self.refreshes_failed:
                _log.warning("shards_not_listed", stream=self._stream, error=type(error).__name__)
            self.refreshes_failed += 1
            self._doubted.set()
            return
        self.refreshes_failed = 0
        if fresh != self._shard_map:
            self._take(fresh)
        elif self._strays >= STRAYS_MAX:
            _log.warning("aggregation_turned_off", stream=self._stream, reason="does not distribute by keys")
            self._shard_map = None
            self._adopt(ByKey())

    async def _listed(self) -> ShardMap:
        async with asyncio.timeout(LISTING_S_MAX):
            return await ShardMap.load(self._client, self._stream)

    def _take(self, shard_map: ShardMap) -> None:
        self._shard_map, self._strays = shard_map, 0.0
        _log.info("shards_listed", stream=self._stream, shards=len(shard_map.shards))
        self._adopt(ByShard(shard_map))
