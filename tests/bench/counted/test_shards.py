"""Promise P8 between shards: records for the others take as long beside a shard in trouble as beside none."""

from functools import cache

import pytest
from bench.counted.shards import NONE, TROUBLES, Latency, Trouble, compared_with, latencies
from bench.write_path.results import Result

SEED = 5
SLOW = next(trouble for trouble in TROUBLES if trouble.delay_s)


def seconds_of(trouble: Trouble) -> float:
    """Long enough for a slow shard's first answer, and to catch up."""
    return 6.0 if trouble.delay_s else 3.0


@cache
def untroubled(seconds: float) -> list[Latency]:
    """Beside a shard in no trouble."""
    return latencies(NONE, seconds=seconds, seed=SEED)


def results(trouble: Trouble) -> list[Result]:
    """Beside a shard in trouble, against that."""
    seconds = seconds_of(trouble)
    found = latencies(trouble, seconds=seconds, seed=SEED)
    return [*compared_with(untroubled(seconds), found, trouble)]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_a_shard_in_trouble_is_in_nobodys_way(trouble: Trouble) -> None:
    """Not even while the producer learns of it; but a slow one's first answer is late for all in the call."""
    assert [result for result in results(trouble) if not result.ok] == []


def test_a_shard_that_is_not_kept_apart_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure tells: if slow answers made no shard suspect, everybody would wait again and again."""
    monkeypatch.setattr("txn_core.kinesis.lane.SLOW_S", 1e6)
    assert not all(result.ok for result in results(SLOW))


def test_the_times_repeat() -> None:
    """To the digit, by the seed; another seed gives others."""
    short = [latencies(TROUBLES[1], seconds=2.0, seed=seed) for seed in (SEED, SEED, SEED + 1)]
    assert short[0] == short[1] != short[2]
