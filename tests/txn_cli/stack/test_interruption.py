"""The first interruption winds up, a second one forces; without one, errors pass."""

import asyncio
import os
import signal

import pytest

from tests.txn_cli.stack.told_children import Told, until
from txn_cli.stack.interruption import Interruption
from txn_server.processes.ending import SIGNALS


@pytest.mark.parametrize("number", SIGNALS)
async def test_the_first_interruption_has_the_work_wind_up(number: signal.Signals) -> None:
    told, wound_up = Told(), asyncio.Event()
    working = asyncio.Event()

    async def work() -> None:
        try:
            working.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # winding up may take its time
            wound_up.set()

    running = asyncio.create_task(Interruption(told.narrator).run(work()))
    await working.wait()
    os.kill(os.getpid(), number)
    await running
    assert wound_up.is_set()
    assert told.text == "Stopping; once more to force it\n"


async def test_a_second_interruption_forces_the_end() -> None:
    told, forced, working = Told(), asyncio.Event(), asyncio.Event()
    interruption = Interruption(told.narrator)
    interruption.when_forced(forced.set)

    async def work() -> None:
        try:
            working.set()
            await asyncio.Event().wait()
        finally:
            await forced.wait()  # a child that does not end

    running = asyncio.create_task(interruption.run(work()))
    await working.wait()
    os.kill(os.getpid(), signal.SIGINT)
    await until(lambda: "Stopping" in told.text)
    os.kill(os.getpid(), signal.SIGINT)
    await running
    assert told.text.endswith("Forcing the end\n")


async def test_an_error_of_the_work_passes() -> None:
    async def work() -> None:
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        await Interruption(Told().narrator).run(work())


async def test_a_cancellation_from_elsewhere_passes() -> None:
    running = asyncio.create_task(Interruption(Told().narrator).run(asyncio.sleep(3600)))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
