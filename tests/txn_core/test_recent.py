"""What is dear is made once in a while, whoever asks."""

import asyncio
import threading
import time

import pytest

from tests.support.virtual_time import in_virtual_time
from txn_core.recent import Recent, RecentRead, RecentReads


def test_a_value_is_made_again_when_it_is_old() -> None:
    now_s, made = [0.0], iter(range(10))
    recent = Recent(lambda: next(made), 1.0, lambda: now_s[0])
    values = []
    for now_s[0] in (0.0, 0.5, 0.99, 1.0, 1.5, 5.0):
        values.append(recent.get())
    assert values == [0, 0, 0, 1, 1, 2]


def test_threads_that_ask_together_have_it_made_once() -> None:
    made: list[None] = []

    def make() -> int:
        time.sleep(0.05)
        made.append(None)
        return len(made)

    recent = Recent(make, 60.0)
    values: list[int] = []
    threads = [threading.Thread(target=lambda: values.append(recent.get())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert values == [1] * 20


def test_a_failure_is_not_kept() -> None:
    answers = [ValueError(), 1]

    def make() -> int:
        answer = answers.pop(0)
        if isinstance(answer, ValueError):
            raise answer
        return answer  # type: ignore[return-value]

    recent = Recent(make, 60.0)
    with pytest.raises(ValueError):
        recent.get()
    assert recent.get() == 1


@in_virtual_time
async def test_a_read_is_shared_kept_and_waited_for_by_few() -> None:
    """Each value says how long it is kept; whoever waits no more gives the place to another."""
    values = [1.0, 3.0, 5.0]

    async def read() -> float:
        await asyncio.sleep(0.5)
        return values.pop(0)

    recent = RecentRead(read, lambda value: value, read_s_max=9.0, waits_max=2)
    waiting = [asyncio.create_task(recent.get()) for _ in range(2)]
    await asyncio.sleep(0)
    assert await recent.get() is None
    waiting[0].cancel()
    await asyncio.sleep(0)
    assert list(await asyncio.gather(waiting[1], recent.get())) == [1.0, 1.0]
    await asyncio.sleep(1.0)
    assert [await recent.get() for _ in range(9)] == [3.0] * 9
    await asyncio.sleep(2.9)
    assert await recent.get() == 3.0
    await asyncio.sleep(0.2)
    assert await recent.get() == 5.0


@in_virtual_time
async def test_a_read_that_fails_or_takes_too_long_is_not_kept() -> None:
    answers: list[ValueError | float] = [ValueError(), 60.0, 0.0]

    async def read() -> str:
        answer = answers.pop(0)
        if isinstance(answer, ValueError):
            raise answer
        await asyncio.sleep(answer)
        return "read"

    recent = RecentRead(read, lambda _: 9.0, read_s_max=1.0, waits_max=1)
    with pytest.raises(ValueError):
        await recent.get()
    with pytest.raises(TimeoutError):
        await recent.get()
    assert await recent.get() == "read"


async def test_values_by_key_are_read_again_when_they_are_old_or_forgotten() -> None:
    """Of more keys than are kept, the one that was read longest ago."""
    now_s, read = [0.0], list[str]()

    async def reading(key: str) -> int:
        read.append(key)
        return len(read)

    recent = RecentReads(reading, 1.0, kept_max=2, read_s_max=5.0, clock=lambda: now_s[0])
    assert [await recent.get("a"), await recent.get("a"), await recent.get("b")] == [1, 1, 2]
    now_s[0] = 1.0
    assert await recent.get("a") == 3
    assert await recent.get("c") == 4
    assert [await recent.get("a"), await recent.get("c"), await recent.get("b")] == [3, 4, 5]
    assert read == ["a", "b", "a", "c", "b"]


async def test_those_who_ask_for_a_key_together_share_one_read() -> None:
    read: list[str] = []

    async def reading(key: str) -> str:
        read.append(key)
        await asyncio.sleep(0)
        return key

    recent = RecentReads(reading, 60.0, kept_max=9, read_s_max=5.0)
    assert await asyncio.gather(*(recent.get("a") for _ in range(5))) == ["a"] * 5
    assert read == ["a"]
