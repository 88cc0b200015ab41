"""Trying again: bounded in number and in time."""

import asyncio

import pytest

from ingest.api_client.replies import RefusedError, UnavailableError
from ingest.api_client.retry import PAUSE_FIRST_S, PAUSE_S_MAX, RETRY_AFTER_S_MAX, RetryPolicy


class Pauses(list[float]):
    """Remembers pauses instead of making them."""

    async def __call__(self, seconds: float) -> None:
        """Remember a pause."""
        self.append(seconds)


class Flaky:
    """Fails so many times before it answers."""

    def __init__(self, failures: int, retry_after_s: float | None = None) -> None:
        self.left, self.calls, self.error = failures, 0, UnavailableError("not now", retry_after_s)
        self.progress: set[int] = set()

    async def __call__(self) -> str:
        """The call."""
        self.calls += 1
        if self.calls <= self.left:
            self.error.made_progress = self.calls in self.progress
            raise self.error
        return "answer"


async def test_a_call_is_repeated_until_it_is_answered() -> None:
    pauses, told = Pauses(), list[str]()
    policy = RetryPolicy(pause=pauses, notice=told.append)
    assert await policy.attempt(Flaky(3)) == "answer"
    assert len(pauses) == 3
    assert told[0].startswith("not now; trying again in ")
    assert told[0].endswith("(1 of 12)")


async def test_a_call_that_never_is_answered_is_given_up_with_its_last_error() -> None:
    pauses, call = Pauses(), Flaky(100)
    with pytest.raises(UnavailableError) as caught:
        await RetryPolicy(attempts_max=5, pause=pauses).attempt(call)
    assert caught.value is call.error
    assert (call.calls, len(pauses)) == (5, 4)


async def test_the_server_s_own_wish_is_waited_for() -> None:
    pauses = Pauses()
    await RetryPolicy(pause=pauses).attempt(Flaky(1, retry_after_s=7.0))
    assert pauses[0] >= 7.0


async def pauses_of(call: Flaky, attempts_max: int = 12) -> Pauses:
    """The pauses after each failure of a call that never is answered."""
    pauses = Pauses()
    with pytest.raises(UnavailableError):
        await RetryPolicy(attempts_max=attempts_max, pause=pauses).attempt(call)
    return pauses


async def test_a_part_that_was_done_is_the_first_failure_again() -> None:
    """What makes progress is not given up, and the pauses begin small again."""
    pauses, call, told = Pauses(), Flaky(8), list[str]()
    call.progress = {3, 6}
    policy = RetryPolicy(attempts_max=4, pause=pauses, notice=told.append)
    assert await policy.attempt(call) == "answer"
    assert [notice[-len("(1 of 4)") :] for notice in told] == [f"({n} of 4)" for n in (1, 2, 1, 2, 3, 1, 2, 3)]


@pytest.mark.parametrize("retry_after_s", [None, 0.0, 3.0, 1e9])
async def test_every_pause_is_bounded(retry_after_s: float | None) -> None:
    asked = min(RETRY_AFTER_S_MAX, retry_after_s or 0.0)
    for pause_s in await pauses_of(Flaky(1_000, retry_after_s), attempts_max=1_000):
        assert asked + PAUSE_FIRST_S / 2 <= pause_s <= asked + PAUSE_S_MAX


async def test_pauses_double_up_to_their_bound_and_half_of_each_is_at_random() -> None:
    longest = [min(PAUSE_S_MAX, PAUSE_FIRST_S * 2**n) for n in range(11)]
    for _ in range(100):
        for pause_s, bound in zip(await pauses_of(Flaky(12)), longest, strict=True):
            assert bound / 2 <= pause_s <= bound
    assert sum(longest) / 2 > 20.0, "a restart of the service is outwaited"


async def test_whoever_is_cancelled_tries_no_more() -> None:
    pauses = Pauses()

    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await RetryPolicy(pause=pauses).attempt(cancelled)
    assert pauses == []


async def test_another_error_is_raised_at_once() -> None:
    pauses = Pauses()

    async def refused() -> None:
        raise RefusedError("no")

    with pytest.raises(RefusedError):
        await RetryPolicy(pause=pauses).attempt(refused)
    assert pauses == []
