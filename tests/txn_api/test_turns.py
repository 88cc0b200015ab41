"""Turns of the event loop, one holder's work in each."""

import asyncio
from collections.abc import Sequence

from txn_api.turns import Turns


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
    assert await order_of(Turns(), "abc", 2) == [*"abcabc"]


async def test_accounts_take_turns_however_much_each_has_to_do() -> None:
    """One with many uploads has one turn for each of another's."""
    order = await order_of(Turns(), "aaaab", 3)
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
    assert not turns._waiting
