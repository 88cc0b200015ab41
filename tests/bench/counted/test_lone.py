"""What our code does for a lone post: no waits, no turns of the loop that it can do without, and few calls."""

from functools import cache

import pytest
from bench.counted.lone import CALLS_MAX, SHARE_MAX, TURNS_MAX, Lone
from bench.counted.watch import Journey

from bench.counted import lone
from tests.bench.counted.repeats import repeated


@cache
def ours() -> Lone:
    """Counted once for all tests."""
    return lone.ours()


def calls(journey: Journey) -> int:
    """Of the whole way but Kinesis."""
    return journey.way_to_call.calls + journey.way_out.calls


def test_a_warm_post_waits_for_nothing_but_kinesis() -> None:
    """Neither on its way to the call nor back: no timer, no other server, no turn more than those counted."""
    warm = ours().warm
    assert (warm.way_to_call.waits, warm.way_out.waits) == (0, 0)
    assert warm.way_to_call.turns <= TURNS_MAX
    assert warm.way_out.turns <= TURNS_MAX


def test_a_second_without_posts_changes_nothing() -> None:
    """The key and the connection to Kinesis are still at hand."""
    idle = ours().idle[1.0]
    assert idle.way_to_call.waits == 0
    assert calls(idle) == pytest.approx(calls(ours().warm), abs=10)


@pytest.mark.parametrize(("seconds", "waits"), [(6.0, 1), (11.0, 3)])
def test_what_a_longer_silence_costs(seconds: float, waits: int) -> None:
    """A look-up of the key after 5 s, and after 10 a new connection for that and one to Kinesis."""
    idle = ours().idle[seconds]
    assert idle.way_to_call.waits == waits
    assert calls(idle) < 2.5 * calls(ours().warm)  # a look-up by botocore would be 4,000


def test_a_warm_post_takes_few_calls_and_the_tutorials_way_many() -> None:
    """Against a bound, and against FastAPI with aioboto3's `put_record` in the same counts."""
    assert calls(ours().warm) <= CALLS_MAX
    assert calls(ours().warm) <= SHARE_MAX * calls(lone.put_record(warm_up=20).warm)


def test_the_counts_repeat() -> None:
    """To the last call, whatever the machine does meanwhile."""
    first, again = repeated(lambda: lone.ours(warm_up=20))
    assert first == again
