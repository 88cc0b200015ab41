"""Waits until the warehouse of a stack holds what the lake holds: bounded, and with the reason if it does not."""

import asyncio
import time
from typing import Final

from txn_cli.output.meter import Meter
from txn_cli.stack.localstack import LocalStack
from txn_cli.stack.stackports import WAREHOUSE
from txn_cli.status.process import WarehouseStatus, warehouse_says
from txn_cli.warehouse_watch.watch_process import LOOK_NOW

BUILT_S_MAX: Final = 300.0
PAUSE_S: Final = 0.5
ASKED_AGAIN_S: Final = 10.0
"""How often the process is told to look: it may have been restarted when it was told first."""


async def lacks_build(stack: LocalStack, url: str, timeout_s: float = BUILT_S_MAX) -> str | None:
    """Have the warehouse take in the lake as it is now; None once that is done, else why it is not."""
    began, asked_at = time.time(), 0.0
    with Meter("Building the warehouse") as meter:
        while (now := time.time()) < began + timeout_s:
            seen = await warehouse_says(url)
            if took_in(seen, began):
                return None
            if (why := failed(seen, began)) is not None:
                return why
            if not seen.figures.get("running") and now > asked_at + ASKED_AGAIN_S:
                stack.tell_child(WAREHOUSE, LOOK_NOW)
                asked_at = now
            meter.show(None, "a run is under way" if seen.figures.get("running") else "waiting for a run")
            await asyncio.sleep(PAUSE_S)
    return f"not within {timeout_s:.0f} s"


def took_in(seen: WarehouseStatus, since: float) -> bool:
    """Whether a good run began after a moment, or a look after it found nothing new."""
    figure = seen.figures.get
    if figure("built_timestamp_seconds", 0.0) >= since:
        return True
    return seen.ready.ready and figure("looked_timestamp_seconds", 0.0) >= since and not figure("objects_waiting")


def failed(seen: WarehouseStatus, since: float) -> str | None:
    """Why a run that began after a moment failed; None when none did."""
    figure = seen.figures.get
    began_at = figure("last_run_timestamp_seconds", 0.0) - figure("last_run_seconds", 0.0)
    # What is said of readiness may be a little older than the figures.
    return seen.ready.why if figure("failures_in_a_row") and began_at >= since and not seen.ready.ready else None
