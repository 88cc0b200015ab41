"""How often calls are made."""

import pytest

from txn_core.kinesis.call_rate import BURST, CALLS_PER_S, CallRate


def test_a_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    """Whoever goes on calling waits its turn each time."""
    rate, now, calls = CallRate(), 100.0, 0
    while now < 102.0:
        now += rate.wait_s(now)
        rate.spend(now)
        calls += 1
    assert calls == pytest.approx(BURST + 2 * CALLS_PER_S, abs=2)


def test_whoever_calls_rarely_never_waits() -> None:
    """A call a turn of the rate leaves the burst as it was."""
    rate = CallRate()
    for number in range(1_000):
        now = 100.0 + number / CALLS_PER_S
        assert rate.wait_s(now) == 0.0
        rate.spend(now)


def test_calls_that_did_not_wait_leave_no_debt() -> None:
    """A call with none under way goes in any case; one turn later the next may."""
    rate = CallRate()
    for _ in range(1_000):
        rate.spend(100.0)
    assert rate.wait_s(100.0) == pytest.approx(1 / CALLS_PER_S)
    assert rate.wait_s(100.0 + 1 / CALLS_PER_S) == 0.0
