"""What a soak compares."""

import pytest
from bench.write_path.soak import Minute, ends


def minutes(count: int) -> list[Minute]:
    return [Minute(n, 0, 0.001, 0.002, 100.0, 150.0) for n in range(count)]


def test_the_ends_are_thirds_without_the_first_minute() -> None:
    first, last = ends(minutes(11))
    assert [[minute.posts for minute in part] for part in (first, last)] == [[1, 2, 3], [8, 9, 10]]


def test_a_short_soak_tells_nothing() -> None:
    with pytest.raises(ValueError, match="4 minutes"):
        ends(minutes(3))
