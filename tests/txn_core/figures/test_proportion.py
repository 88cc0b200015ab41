"""The interval of a proportion, against the equation that defines it."""

import math
from itertools import product

import pytest

from txn_core.figures.proportion import proportion

Z = 1.959963984540054


def by_bisection(hits: int, of: int, *, is_low: bool) -> float:
    """Where a true proportion would be just as far from what was counted as the test of 95 % lets it be."""
    share = hits / of
    inside, outside = share, 0.0 if is_low else 1.0
    for _ in range(200):
        middle = (inside + outside) / 2
        is_inside = abs(share - middle) <= Z * math.sqrt(middle * (1 - middle) / of)
        inside, outside = (middle, outside) if is_inside else (inside, middle)
    return inside


@pytest.mark.parametrize(
    ("hits", "of"), [(hits, of) for of, hits in product((1, 2, 5, 40, 1_000), (0, 1, 3, 39)) if hits <= of]
)
def test_the_ends_are_those_of_the_score_test(hits: int, of: int) -> None:
    found = proportion(hits, of)
    assert found is not None
    assert found.value == hits / of
    assert found.low == pytest.approx(by_bisection(hits, of, is_low=True), abs=1e-9)
    assert found.high == pytest.approx(by_bisection(hits, of, is_low=False), abs=1e-9)


def test_three_of_forty() -> None:
    found = proportion(3, 40)
    assert found is not None
    assert [round(100 * each, 1) for each in found] == [7.5, 2.6, 19.9]


def test_nothing_has_no_proportion() -> None:
    assert proportion(0, 0) is None
