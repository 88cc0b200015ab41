"""Readiness: everything that a process needs is asked, in bounded time, and not too often."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.support.virtual_time import in_virtual_time
from txn_core.readiness import (
    CACHED_S,
    CHECK_S_MAX,
    OK,
    SEEN_S_MAX,
    WAITS_MAX,
    Check,
    NotReadyError,
    ReadinessChecks,
    stream_usable,
)

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

FAULT_CACHED_S = 0.5


def readiness_of(**checks: Check) -> ReadinessChecks:
    return ReadinessChecks(checks, lambda error: str(error) or type(error).__name__, FAULT_CACHED_S)


async def fine() -> None:
    """Something that answers."""


async def hanging() -> None:
    await asyncio.Event().wait()


@in_virtual_time
async def test_each_check_is_ok_or_says_why_not() -> None:
    async def missing() -> None:
        raise ConnectionRefusedError("nobody listens")

    async def unfit() -> None:
        raise NotReadyError("the stream is DELETING")

    began_s = asyncio.get_running_loop().time()
    found = await readiness_of(a=fine, b=missing, c=unfit, d=hanging, e=hanging).found()
    assert found == {
        "a": OK,
        "b": "nobody listens",
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

    readiness = readiness_of(stream=counted)
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

    readiness = readiness_of(leases=starting)
    assert await readiness.found() == {"leases": "starting"}
    assert await readiness.found() == {"leases": "starting"}
    await asyncio.sleep(FAULT_CACHED_S)
    assert await readiness.found() == {"leases": OK}


async def test_a_fault_of_ours_is_not_taken_for_an_outage() -> None:
    async def faulty() -> None:
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        await readiness_of(sink=faulty).found()


@in_virtual_time
async def test_probes_that_go_away_ask_no_more_often() -> None:
    """A round of checks belongs to nobody: whoever asked first and left does not take it along."""
    asked: list[float] = []

    async def slow() -> None:
        asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.1)

    readiness = readiness_of(stream=slow)
    for _ in range(20):
        probe = asyncio.create_task(readiness.found())
        await asyncio.sleep(0.001)
        probe.cancel()
    assert await readiness.found() == {"stream": OK}
    assert len(asked) == 1


@in_virtual_time
async def test_few_probes_wait_and_the_others_get_the_last_answers() -> None:
    """Which are no good ones before there were any."""

    async def slow() -> None:
        await asyncio.sleep(1.0)

    readiness = readiness_of(stream=slow)
    waiting = [asyncio.create_task(readiness.found()) for _ in range(WAITS_MAX)]
    await asyncio.sleep(0)
    assert await readiness.found() == {"stream": "not asked yet"}
    assert await asyncio.gather(*waiting) == [{"stream": OK}] * WAITS_MAX
    assert await readiness.found() == {"stream": OK}


class Stream:
    """A stream that lists its shards, and counts how often it is asked."""

    def __init__(self, *shards: str) -> None:
        self._shards = shards
        self.asked: list[dict[str, object]] = []

    async def list_shards(self, **request: object) -> dict[str, Any]:
        self.asked.append(request)
        return {"Shards": [{"ShardId": shard} for shard in self._shards]} if self._shards else {}


@in_virtual_time
async def test_a_stream_is_asked_only_when_the_work_of_the_process_does_not_show_that_it_answers() -> None:
    """One shard of the list is enough."""
    stream, now_s = Stream("shardId-000000000000"), asyncio.get_running_loop().time
    usable = partial(stream_usable, cast("KinesisClient", stream), "stream")
    await usable(now_s)
    await asyncio.sleep(SEEN_S_MAX)
    await usable(lambda: now_s() - 0.99 * SEEN_S_MAX)
    assert stream.asked == []
    await usable(lambda: now_s() - SEEN_S_MAX)
    assert stream.asked == [{"StreamName": "stream", "MaxResults": 1}]


@in_virtual_time
async def test_a_broken_answer_says_nothing_good_of_a_stream() -> None:
    with pytest.raises(NotReadyError):
        await stream_usable(cast("KinesisClient", Stream()), "stream", lambda: float("-inf"))
