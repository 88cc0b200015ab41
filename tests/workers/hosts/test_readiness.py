"""Readiness: everything that a worker needs is asked, in bounded time, and not too often."""

import asyncio

import pytest

from tests.support.virtual_time import in_virtual_time
from tests.workers.test_retries import refused
from workers.hosts.readiness import CACHED_S, CHECK_S_MAX, FAULT_CACHED_S, OK, NotReadyError, Readiness


async def fine() -> None:
    """Something that answers."""


async def hanging() -> None:
    await asyncio.Event().wait()


@in_virtual_time
async def test_each_check_is_ok_or_says_why_not() -> None:
    async def missing() -> None:
        raise refused("ResourceNotFoundException", 400)

    async def unfit() -> None:
        raise NotReadyError("the stream is DELETING")

    began_s = asyncio.get_running_loop().time()
    found = await Readiness({"a": fine, "b": missing, "c": unfit, "d": hanging, "e": hanging}).found()
    assert found == {
        "a": OK,
        "b": "ResourceNotFoundException",
        "c": "the stream is DELETING",
        "d": "TimeoutError",
        "e": "TimeoutError",
    }
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(CHECK_S_MAX)


@in_virtual_time
async def test_many_probes_are_one_check() -> None:
    asked: list[float] = []

    async def counted() -> None:
        asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.1)

    readiness = Readiness({"stream": counted})
    await asyncio.gather(*(readiness.found() for _ in range(9)))
    assert len(asked) == 1
    await asyncio.sleep(CACHED_S)
    await readiness.found()
    assert len(asked) == 2


@in_virtual_time
async def test_what_is_amiss_is_looked_at_again_soon() -> None:
    answers = [NotReadyError("starting"), None]

    async def starting() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    readiness = Readiness({"leases": starting})
    assert await readiness.found() == {"leases": "starting"}
    assert await readiness.found() == {"leases": "starting"}
    await asyncio.sleep(FAULT_CACHED_S)
    assert await readiness.found() == {"leases": OK}


async def test_a_fault_of_ours_is_not_taken_for_an_outage() -> None:
    async def faulty() -> None:
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        await Readiness({"sink": faulty}).found()
