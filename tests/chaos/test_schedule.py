"""What a seed decides."""

from collections import Counter

from tests.chaos.actions import ChangeVersions, FreezeAt, Kill, KillAt, Merge, Split
from tests.chaos.judging.tally import FROZEN
from tests.chaos.schedule import ALL_POINTS, SCORE_POINTS, WORKERS, Schedule

SEEDS = range(50)
LEAST = 10


def test_a_seed_decides_everything_and_another_seed_otherwise() -> None:
    assert Schedule.of(7) == Schedule.of(7)
    assert Schedule.of(7).lines() == Schedule.of(7).lines()
    assert len({Schedule.of(seed).timed for seed in SEEDS}) == len(SEEDS)


def test_everything_happens_while_load_runs() -> None:
    for seed in SEEDS:
        schedule = Schedule.of(seed)
        assert all(0.0 <= timed.at_s < schedule.load_s for timed in schedule.timed)


def test_fifty_seeds_plan_enough_of_each_kind() -> None:
    """Each protocol step is frozen on both sides, each process and server is killed."""
    actions = [timed.action for seed in SEEDS for timed in Schedule.of(seed).timed]
    points = Counter(action.point for action in actions if isinstance(action, FreezeAt))
    assert points.keys() == {*ALL_POINTS}
    assert min(Counter(f"{p.kind}: {p.step}" for p in points.elements()).values()) >= LEAST
    assert {f"{point.kind}: {point.step}" for point in points} == set(FROZEN)
    killed_at = Counter(a.point for a in actions if isinstance(a, KillAt) and a.point.kind == "score")
    assert killed_at.keys() == {*SCORE_POINTS}
    assert min(killed_at.values()) >= 3
    assert sum(isinstance(action, ChangeVersions) for action in actions) == len(SEEDS)
    killed = Counter(action.name.partition("-")[0] for action in actions if isinstance(action, Kill))
    assert killed.keys() == {"api", "dynamodb", "s3", "kinesis", *WORKERS}
    assert min(killed.values()) >= LEAST
    assert min(sum(isinstance(action, kind) for action in actions) for kind in (Split, Merge)) >= len(SEEDS)


def test_the_stream_server_is_killed_only_where_it_keeps_its_records() -> None:
    for seed in SEEDS:
        schedule = Schedule.of(seed)
        kills = [t for t in schedule.timed if isinstance(t.action, Kill) and t.action.name == "kinesis"]
        assert bool(kills) == (not schedule.own_stream)


def test_by_fan_out_each_seed_runs_on_the_server_that_pushes_and_changes_nothing_else() -> None:
    """What is killed, frozen and changed is as without it where the stream is the same."""
    for seed in SEEDS:
        pushed, polled = Schedule.of(seed, fan_out=True), Schedule.of(seed)
        assert (pushed.own_stream, pushed.fan_out, polled.fan_out) == (True, True, False)
        if polled.own_stream:
            assert pushed.timed == polled.timed
