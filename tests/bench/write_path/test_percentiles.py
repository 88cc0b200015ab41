"""Nearest-rank percentiles."""

import pytest
from bench.write_path.percentiles import percentile


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (1, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_of_a_hundred_the_percentile_is_the_figure_of_that_rank(percent: float, expected: int) -> None:
    """In whatever order they come."""
    assert percentile(range(100, 0, -1), percent) == expected


def test_of_one_every_percentile_is_that_one() -> None:
    """There is nothing between."""
    assert [percentile([7.0], percent) for percent in (1, 50, 99)] == [7.0, 7.0, 7.0]


def test_there_is_none_of_nothing() -> None:
    """A run without answers has no latency, rather than a good one."""
    with pytest.raises(ValueError, match="no figures"):
        percentile([], 99)
