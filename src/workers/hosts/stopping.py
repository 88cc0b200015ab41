"""Waiting for work, unless an event comes first."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def run_until(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work returns; none when the event comes first, and then the work is cancelled."""
    if event.is_set():
        work.close()
        return None
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, waiting):
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
