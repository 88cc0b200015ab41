"""Dice: the same choices for the same seed, on every Python."""

from collections import Counter

from txn_cli.simulator.rng import Rng, Weighted


def test_a_seed_and_a_purpose_determine_every_choice() -> None:
    def choices(seed: int, purpose: str) -> list[object]:
        rng = Rng(seed, purpose)
        return [rng.below(100), rng.digits(5), rng.chance(0.5), rng.gap(1.0), rng.log_normal(1.0, 1.0)]

    assert choices(1, "a") == choices(1, "a")
    assert choices(1, "a") != choices(2, "a")
    assert choices(1, "a") != choices(1, "b")


def test_choices_are_those_that_this_seed_has_always_made() -> None:
    rng = Rng(1, "golden")
    assert [rng.below(1_000_000) for _ in range(4)] == [217033, 10634, 813794, 605345]


def test_every_bound_is_kept_and_reached() -> None:
    rng = Rng(1, "bounds")
    assert {rng.below(4) for _ in range(200)} == {0, 1, 2, 3}
    assert {rng.between(3, 5) for _ in range(200)} == {3, 4, 5}
    assert all(rng.gap(2.0) >= 0.0 and rng.log_normal(5.0, 1.0) > 0.0 for _ in range(1_000))


def test_popularity_falls_with_rank() -> None:
    rng, weighted = Rng(1, "ranks"), Weighted.by_rank("abcdefghij")
    counts = Counter(weighted.pick(rng) for _ in range(20_000))
    assert "".join(name for name, _ in counts.most_common(4)) == "abcd"
    assert 1.8 < counts["a"] / counts["b"] < 2.2
