"""Waiting until the rows of a batch are in the lake, and until the warehouse has loaded what the lake holds."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Final, Protocol

from operations.drains.shard_status import Drain, ShardStatus
from txn_cli.status.drain import Status, WorkerStatus
from txn_cli.status.live import Looking
from txn_cli.status.status_table import progress_line
from txn_core.drains import ARCHIVE
from txn_core.exceptions import StoreError

CLOCKS_APART: Final = timedelta(seconds=2)
"""How far the clocks of S3, which are told to a second, and of Kinesis may be apart."""

WAREHOUSE_PAUSE_S: Final = 1.0

Tell = Callable[[str], None]


class LoadedWarehouse(Protocol):
    """A warehouse, as far as it can be waited for."""

    async def has_loaded(self, raw_objects: Collection[str]) -> bool:
        """Whether all rows of these objects of the raw lake, named by their keys, are in what the warehouse shows."""


async def wait_for_lake(observer: Looking, accepted_until: datetime, timeout_s: float, tell: Tell) -> None:
    """Return once everything that was accepted up to a moment, by the clock of S3, is in the lake.

    Raises:
        StoreError: it is not, after `timeout_s` seconds.
    """

    async def archived() -> bool:
        status = await observer.look()
        tell(progress_line(status))
        return is_archived(status, accepted_until + CLOCKS_APART)

    await _until(archived, timeout_s, observer.pause_s, "the archive")


async def wait_for_warehouse(
    warehouse: LoadedWarehouse, raw_objects: Collection[str], timeout_s: float, pause_s: float = WAREHOUSE_PAUSE_S
) -> None:
    """Return once the warehouse has loaded these objects.

    Raises:
        StoreError: it has not, after `timeout_s` seconds.
    """

    async def loaded() -> bool:
        return await warehouse.has_loaded(raw_objects)

    await _until(loaded, timeout_s, pause_s, "the warehouse")


def is_archived(status: Status, until: datetime) -> bool:
    """Whether everything that arrived before a moment is in the lake. What arrives later is not waited for."""
    return all(_has_archived(worker, until) for worker in status.workers if worker.kind == ARCHIVE.name)


def _has_archived(worker: WorkerStatus, until: datetime) -> bool:
    return not worker.amiss and all(_is_behind_nothing(shard, until) for shard in worker.shards)


def _is_behind_nothing(shard: ShardStatus, until: datetime) -> bool:
    if shard.drain is Drain.DRAINED:
        return True
    oldest = None if shard.rest is None or shard.foreign else shard.rest.oldest
    return oldest is not None and oldest > until


async def _until(what: Callable[[], Awaitable[bool]], timeout_s: float, pause_s: float, whom: str) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            while not await what():  # noqa: ASYNC110 - what is looked at is elsewhere, and tells nobody
                await asyncio.sleep(pause_s)
    except TimeoutError:
        raise StoreError(
            f"{whom} has not come so far within {timeout_s:.0f} s: look at `txn status`, then run the same command "
            "again, which sends no row twice"
        ) from None
