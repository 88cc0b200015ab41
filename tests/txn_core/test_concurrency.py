"""Work side by side: as many hands as allowed, one error ends it."""

import asyncio

import pytest

from txn_core.concurrency import side_by_side


async def test_all_items_are_worked_on_by_so_many_hands_at_once() -> None:
    done: list[int] = []
    busy = most = 0

    async def work(item: int) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        done.append(item)

    await side_by_side(range(20), work, workers=4)
    assert sorted(done) == list(range(20))
    assert most == 4


async def test_items_are_taken_only_as_hands_come_free() -> None:
    taken: list[int] = []
    gate, all_busy = asyncio.Event(), asyncio.Event()

    async def work(item: int) -> None:
        taken.append(item)
        if len(taken) == 3:
            all_busy.set()
        await gate.wait()

    task = asyncio.create_task(side_by_side(iter(range(10)), work, workers=3))
    await all_busy.wait()
    assert taken == [0, 1, 2]
    gate.set()
    await task
    assert taken == list(range(10))


async def test_the_first_error_is_raised_as_it_is_and_ends_the_rest() -> None:
    taken: list[int] = []

    async def work(item: int) -> None:
        taken.append(item)
        if item == 1:
            raise KeyError("broken")
        await asyncio.Event().wait()

    with pytest.raises(KeyError, match="broken"):
        await side_by_side(range(10), work, workers=3)
    assert taken == [0, 1, 2]
