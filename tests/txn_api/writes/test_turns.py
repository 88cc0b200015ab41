"""Turns of the event loop, one holder's work in each."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest

from tests.support.virtual_time import in_virtual_time
from txn_api.writes.fair_queue import REST_RATIO
from txn_api.writes.turns import TURN_S, Turns


async def order_of(turns: Turns, holders: Sequence[str], times: int) -> list[str]:
    """Who had which turn, as a clock of the loop's turns sees it, when each holder takes so many."""
    had: list[tuple[int, str]] = []
    now = 0

    async def take(holder: str) -> None:
        for _ in range(times):
            await turns.turn(holder)
            had.append((now, holder))

    taking = asyncio.gather(*map(take, holders))
    while not taking.done():
        now += 1
        await asyncio.sleep(0)
    await taking
    assert len({turn for turn, _ in had}) == len(had), "two in one turn of the event loop"
    return [holder for _, holder in had]


async def test_each_has_a_turn_of_its_own() -> None:
    """In the order in which they asked."""
    assert await order_of(Turns(lambda: 0.0, lambda: 0.0), "abc", 2) == [*"abcabc"]


async def test_accounts_take_turns_however_much_each_has_to_do() -> None:
    """One with many uploads has one turn for each of another's."""
    order = await order_of(Turns(lambda: 0.0, lambda: 0.0), "aaaab", 3)
    assert order[:6] == [*"ababab"]
    assert order.count("a") == 12


async def test_who_was_cancelled_takes_nobodys_turn() -> None:
    """The next one goes instead, and nothing is left behind."""
    turns = Turns()
    given_up, waiting = (asyncio.ensure_future(turns.turn(name)) for name in "ab")
    await asyncio.sleep(0)
    given_up.cancel()
    await waiting
    assert given_up.cancelled()
    await turns.turn("c")
    assert len(turns._waiting) == 0


class Work:
    """A clock that shows the work that was done, and nothing else."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def had_by(turns: Turns, work: Work, costs: dict[str, float], until_s: float) -> dict[str, float]:
    """The time that each of some holders has had, whose turns take as long as they cost, by the end."""
    had: defaultdict[str, float] = defaultdict(float)

    async def take(holder: str) -> None:
        while work.seconds < until_s:
            await turns.turn(holder)
            work.seconds += costs[holder]
            had[holder] += costs[holder]

    await asyncio.gather(*map(take, costs))
    return had


async def test_accounts_have_the_same_time_whatever_their_turns_take() -> None:
    """One whose rows take a quarter of the time has four times as many."""
    work = Work()
    turns = Turns(work, work)
    had = await had_by(turns, work, {"a": TURN_S, "b": TURN_S / 4}, 200 * TURN_S)
    assert abs(had["a"] - had["b"]) < 3 * TURN_S


async def test_a_turn_is_over_when_its_time_is_used_up() -> None:
    """Not before, and another has all of its time again."""
    work = Work()
    turns = Turns(work, work)
    for _ in range(2):
        turn = await turns.turn("a")
        assert turn.clock() < turn.ends_at
        work.seconds += 0.9 * TURN_S
        assert turn.clock() < turn.ends_at
        work.seconds += 0.2 * TURN_S
        assert turn.clock() >= turn.ends_at


@in_virtual_time
async def test_an_account_rests_after_a_turn_that_was_far_too_long() -> None:
    """So that others meet a free event loop most of the time; a turn a little too long costs nothing."""
    loop, work = asyncio.get_running_loop(), Work()
    turns = Turns(work, work)
    await turns.turn("a")
    work.seconds += 1.5 * TURN_S
    await turns.turn("a")
    assert loop.time() == 0.0
    work.seconds += 11 * TURN_S
    await turns.turn("b")
    assert loop.time() == 0.0, "nobody else rests"
    await turns.turn("a")
    assert loop.time() == pytest.approx(10 * TURN_S * REST_RATIO)


@in_virtual_time
async def test_waiting_for_something_else_is_no_turn() -> None:
    """Whoever had a turn and sleeps is charged for nothing that others do meanwhile."""
    loop, work = asyncio.get_running_loop(), Work()
    turns = Turns(work, work)
    await turns.turn("a")
    await asyncio.sleep(1.0)
    work.seconds += 100 * TURN_S  # somebody's
    await turns.turn("a")
    assert loop.time() == 1.0
