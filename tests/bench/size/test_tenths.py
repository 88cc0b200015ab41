"""Rates in each tenth."""

import pytest
from bench.size.tenths import rates


def test_a_steady_pace_has_the_same_rate_in_each_tenth() -> None:
    done = [(100.0 + 2 * second, 20.0 * second) for second in range(51)]
    assert rates(done, 1_000) == pytest.approx([10.0] * 10)


def test_a_slower_second_half_shows_and_waiting_before_the_first_row_does_not_count() -> None:
    done = [(0.0, 0.0), (60.0, 0.0), (65.0, 500.0), (115.0, 1_000.0), (200.0, 1_000.0)]
    assert rates(done, 1_000) == pytest.approx([100.0] * 5 + [10.0] * 5)


def test_rows_that_are_not_there_are_an_error() -> None:
    with pytest.raises(ValueError, match="900 rows were done, not 1,000"):
        rates([(0.0, 0.0), (1.0, 900.0)], 1_000)
