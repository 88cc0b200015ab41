"""Quantiles as Prometheus computes them."""

import pytest

from operations.figures.quantile import quantile

BUCKETS = {"0.1": 50.0, "0.2": 90.0, "0.5": 100.0, "+Inf": 100.0}


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.5, 0.1), (0.25, 0.05), (0.9, 0.2), (0.7, 0.15), (0.99, 0.47), (1.0, 0.5)],
)
def test_it_is_linear_within_a_bucket(share: float, expected: float) -> None:
    """By hand: 70 of 100 lie half way from the 50th to the 90th, so half way from 0.1 to 0.2."""
    assert quantile(share, BUCKETS) == pytest.approx(expected)


def test_beyond_the_last_bound_it_is_that_bound() -> None:
    assert quantile(0.99, {"0.1": 1.0, "+Inf": 10.0}) == 0.1


@pytest.mark.parametrize("buckets", [{}, {"0.1": 0.0, "+Inf": 0.0}])
def test_of_nothing_there_is_none(buckets: dict[str, float]) -> None:
    assert quantile(0.5, buckets) is None


def test_an_empty_bucket_in_between_divides_by_nothing() -> None:
    assert quantile(0.5, {"0.1": 0.0, "0.2": 0.0, "0.5": 4.0, "+Inf": 4.0}) == pytest.approx(0.35)
