"""Work that gives way to an event."""

import asyncio

import pytest

from workers.hosts.stopping import run_until


async def _answer(after: asyncio.Event | None = None) -> str:
    if after is not None:
        await after.wait()
    return "done"


async def test_work_that_ends_first_gives_its_result() -> None:
    assert await run_until(asyncio.Event(), _answer()) == "done"


async def test_an_event_before_the_work_keeps_it_from_starting() -> None:
    event = asyncio.Event()
    event.set()
    assert await run_until(event, _answer()) is None


async def test_an_event_ends_the_work() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    assert await run_until(event, _answer(after=asyncio.Event())) is None


async def test_an_error_of_the_work_is_raised() -> None:
    async def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await run_until(asyncio.Event(), fail())


async def test_cancelling_it_cancels_the_work() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    waiting = asyncio.ensure_future(run_until(asyncio.Event(), work()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(cancelled.wait(), 60)
