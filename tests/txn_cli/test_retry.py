"""Trying again: bounded in number and in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_cli.answers import UnavailableError
from txn_cli.retry import RETRY_AFTER_S_MAX, RetryPolicy


class Pauses(list[float]):
    """Remembers pauses instead of making them."""

    async def __call__(self, seconds: float) -> None:
        """Remember a pause."""
        self.append(seconds)


class Flaky:
    """Fails so many times before it answers."""

    def __init__(self, failures: int, retry_after_s: float | None = None) -> None:
        self.left, self.calls, self.error = failures, 0, UnavailableError("not now", retry_after_s)

    async def __call__(self) -> str:
        """The call."""
        self.calls += 1
        if self.calls <= self.left:
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


@given(st.integers(1, 1_000), st.none() | st.floats(0, 1e9), st.floats(0, 1))
def test_every_pause_is_bounded(failures: int, retry_after_s: float | None, jitter: float) -> None:
    policy = RetryPolicy()
    pause_s = policy.pause_s(failures, retry_after_s, jitter)
    assert policy.pause_first_s / 2 <= pause_s <= RETRY_AFTER_S_MAX + policy.pause_s_max


def test_pauses_double_up_to_their_bound() -> None:
    policy = RetryPolicy(pause_first_s=1.0, pause_s_max=5.0)
    assert [policy.pause_s(n, None, jitter=1.0) for n in range(1, 6)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_restart_of_the_service_is_outwaited() -> None:
    policy = RetryPolicy()
    assert sum(policy.pause_s(n, None, jitter=0.0) for n in range(1, policy.attempts_max)) > 20.0
