"""What uploads hold together: shared by accounts, and given back."""

import asyncio

from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.virtual_time import in_virtual_time
from txn_api.writes.fair_memory import FairMemory, Holding


def filled(memory: FairMemory, account: str, size: int = 1) -> Holding:
    """What an upload of an account holds that takes all that the account may."""
    holding = Holding(memory, account)
    while memory.has_room(account, size):
        holding.take(size)
    return holding


def test_an_account_alone_has_half_and_leaves_others_as_much_as_is_fair() -> None:
    """Whoever comes later finds room; two that take all that they may have a third each."""
    memory = FairMemory(9_000, free_bytes=0)
    first = filled(memory, "first")
    assert first.held == 4_500
    second = filled(memory, "second")
    assert second.held == 2_250
    first.take(-1_500)
    assert filled(memory, "second").held + second.held == 3_000
    assert memory.has_room("third", 1_500)


def test_what_is_free_is_never_too_much() -> None:
    """However much the other uploads of the account hold, and those of others."""
    memory = FairMemory(100_000, free_bytes=1_000)
    large = filled(memory, "acme", 100)
    assert large.held == memory.held + 1_000
    small = Holding(memory, "acme")
    small.take(1_000)
    assert not small.is_too_much
    small.take(1)
    assert small.is_too_much
    assert large.is_too_much
    other = Holding(memory, "other")
    other.take(20_000)
    assert not other.is_too_much


def test_what_is_given_back_is_free_and_nothing_is_kept_of_the_account() -> None:
    """Accounts come and go for years."""
    memory = FairMemory(1_000, free_bytes=0)
    holding = filled(memory, "acme")
    holding.give_back()
    holding.give_back()
    assert (memory.held, holding.held, len(memory._held_by)) == (0, 0, 0)


def test_what_is_cleared_is_free() -> None:
    """For all accounts."""
    memory = FairMemory(1_000, free_bytes=0)
    memory.take("acme", 500)
    memory.take("other", 250)
    memory.clear()
    assert (memory.held, len(memory._held_by)) == (0, 0)
    assert memory.has_room("acme", 500)


@in_virtual_time
async def test_room_is_given_in_the_order_of_asking() -> None:
    """Also to who wants little behind somebody who wants much, and others' room depends on it not at all."""
    memory = FairMemory(1_000, free_bytes=0)
    holding = Holding(memory, "acme")
    await holding.become(500)
    much, little, other = Holding(memory, "acme"), Holding(memory, "acme"), Holding(memory, "other")
    waiting = [asyncio.ensure_future(much.become(400)), asyncio.ensure_future(little.become(1))]
    await asyncio.sleep(1.0)
    assert not little.becomes(1)
    assert other.becomes(100)
    assert not any(task.done() for task in waiting)
    assert holding.becomes(0)
    await asyncio.gather(*waiting)
    assert (much.held, little.held, memory.held) == (400, 1, 501)


@in_virtual_time
async def test_many_who_take_little_leave_room_for_one_who_takes_much() -> None:
    """Once it waits, those who hold something wait as well: what they give back is for it first."""
    memory = FairMemory(1_000, free_bytes=0)

    async def reads(account: str, begins_s: float) -> None:
        await asyncio.sleep(begins_s)
        for _ in range(50):
            async with memory.held_for(account, 20, wait_s_max=5.0):
                await asyncio.sleep(1.0)

    readers = [asyncio.ensure_future(reads(f"account {number % 10}", number / 100)) for number in range(100)]
    await asyncio.sleep(10.0)
    for _ in range(3):
        async with memory.held_for("quiet", 300, wait_s_max=2.0):
            await asyncio.sleep(0.1)
    await asyncio.gather(*readers)
    assert memory.held == 0


@in_virtual_time
async def test_who_waits_no_more_takes_nobodys_room() -> None:
    """Be it before there is room, which is for those behind then, or in the very moment."""
    memory = FairMemory(1_000, free_bytes=0)
    holding, much, little = (Holding(memory, "acme") for _ in range(3))
    assert holding.becomes(400)
    waiting, behind = asyncio.ensure_future(much.become(400)), asyncio.ensure_future(little.become(100))
    await asyncio.sleep(1.0)
    waiting.cancel()
    await behind
    waiting = asyncio.ensure_future(much.become(400))
    await asyncio.sleep(1.0)
    holding.give_back()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (memory.held, much.held) == (100, 0)
    assert not memory._waiting


@example(steps=[(0, "grow", 201), *[(0, "grow", 600)] * 3])
@given(
    steps=st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["grow", "shrink", "end"]), st.integers(0, 600))),
)
def test_the_sum_is_that_of_the_holdings(steps: list[tuple[int, str, int]]) -> None:
    """Whatever uploads do, and no account that asks first has more than half."""
    memory = FairMemory(4_000, free_bytes=0)
    holdings = [Holding(memory, f"account-{number % 3}") for number in range(8)]
    for number, step, size in steps:
        holding = holdings[number]
        if step == "end":
            holding.give_back()
        else:
            holding.becomes(holding.held + size if step == "grow" else max(0, holding.held - size))
        assert memory.held == sum(each.held for each in holdings) <= memory.bytes_max
        assert all(held <= memory.bytes_max // 2 for held in memory._held_by.values())
