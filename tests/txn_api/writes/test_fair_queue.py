"""Who goes next among accounts that share a process's time."""

import asyncio
from collections import defaultdict

from tests.support.virtual_time import in_virtual_time
from txn_api.writes.fair_queue import REST_RATIO, REST_S_MAX, FairQueue


def queue_of(waiting: str, each: int = 100) -> FairQueue[int]:
    """A queue in which each account has so many things."""
    queue: FairQueue[int] = FairQueue()
    for number in range(each):
        for account in waiting:
            queue.put(account, number)
    return queue


def served(queue: FairQueue[int], costs: dict[str, float], seconds: float) -> dict[str, float]:
    """How much time each account had of so much time; each thing of an account takes what it costs."""
    had: defaultdict[str, float] = defaultdict(float)
    while sum(had.values()) < seconds and (entry := queue.pop()) is not None:
        account, _ = entry
        queue.charge(account, costs[account])
        had[account] += costs[account]
    return had


def test_accounts_share_time_and_not_turns() -> None:
    """One whose things take twenty times as long has a twentieth as many of them done."""
    had = served(queue_of("ab"), {"a": 1.0, "b": 0.05}, 10.0)
    assert abs(had["a"] - had["b"]) <= 1.05


def test_an_account_keeps_its_order() -> None:
    """However often others go between."""
    queue, order = queue_of("ab", 5), []
    while (entry := queue.pop()) is not None:
        queue.charge(entry[0], 1.0)
        order.append(entry)
    assert [number for account, number in order if account == "a"] == [0, 1, 2, 3, 4]
    assert [account for account, _ in order] == [*"abababababab"][:10]


def test_who_comes_later_goes_next_and_has_saved_up_nothing() -> None:
    """It is served beside one that had an hour, and does not have an hour before that one goes on."""
    queue = queue_of("a", 5_000)
    served(queue, {"a": 1.0}, 3_600.0)
    for number in range(100):
        queue.put("b", number)
    entry = queue.pop()
    assert entry is not None
    assert entry[0] == "b"
    had = served(queue, {"a": 1.0, "b": 1.0}, 20.0)
    assert abs(had["a"] - had["b"]) <= 2


def test_nothing_is_kept_of_accounts_that_wait_no_longer() -> None:
    """Accounts come and go for years."""
    queue: FairQueue[int] = FairQueue()
    for number in range(1_000):
        queue.put(f"account-{number}", number)
        queue.pop()
        queue.charge(f"account-{number}", 1.0)
    assert len(queue) == len(queue._waiting) == len(queue._order) == len(queue._lined_up) == 0
    assert len(queue._had_s) <= 1


@in_virtual_time
async def test_a_resting_account_lets_others_go() -> None:
    """Its things wait, and go on after the rest, which is as long as it went over its turn, times a ratio."""
    queue, told = queue_of("ab", 3), []
    loop = asyncio.get_running_loop()
    queue.rest("a", 0.1, lambda: told.append(loop.time()))
    queue.rest("a", 0.1, lambda: told.append(loop.time()))  # another thing of the same turn
    assert [entry[0] for entry in iter(queue.pop, None)] == ["b"] * 3
    assert len(queue) == 3
    await asyncio.sleep(1.0)
    assert told == [0.1 * REST_RATIO]
    assert [entry[0] for entry in iter(queue.pop, None)] == ["a"] * 3


@in_virtual_time
async def test_a_rest_has_a_bound_and_no_account_goes_twice_for_it() -> None:
    """Also one that was lined up while it rested, and one that came meanwhile."""
    queue = queue_of("a", 1)
    queue.rest("a", 1_000.0, lambda: None)
    queue.put("b", 1)
    queue.rest("b", 0.01, lambda: None)
    await asyncio.sleep(REST_S_MAX)
    assert [entry[0] for entry in iter(queue.pop, None)] == ["a", "b"]
    assert not queue._order


def test_an_account_that_is_held_waits_and_the_others_go_on() -> None:
    """What comes meanwhile waits behind it, and all keep their order."""
    queue = queue_of("ab", 2)
    assert queue.pop() == ("a", 0)
    queue.hold("a")
    queue.put("a", 2)
    assert [queue.pop() for _ in range(3)] == [("b", 0), ("b", 1), None]
    assert not queue.is_idle
    queue.release("a")
    assert [queue.pop() for _ in range(3)] == [("a", 1), ("a", 2), None]
    assert queue.is_idle


@in_virtual_time
async def test_an_account_that_rests_and_is_held_goes_on_when_it_is_released() -> None:
    """The rest ends with it; its timer wakes nobody."""
    queue, woken = queue_of("a", 2), []
    assert queue.pop() == ("a", 0)
    queue.rest("a", 0.1, lambda: woken.append(1))
    queue.hold("a")
    await asyncio.sleep(REST_S_MAX + 1)
    assert (queue.pop(), woken) == (None, [])
    queue.release("a")
    assert queue.pop() == ("a", 1)
