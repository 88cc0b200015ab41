"""The rate in each tenth of some rows, from samples of how many were done."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise


def rates(done: Sequence[tuple[float, float]], rows: int) -> list[float]:
    """Rows a second in each tenth; `done` are moments in seconds and how many rows were done by then, ascending.

    Between two samples the rows are taken to have come evenly. The first tenth begins with the first row.

    Raises:
        ValueError: the samples do not reach the last row.
    """
    moments = [_moment(done, rows * tenth / 10) for tenth in range(11)]
    return [rows / 10 / (after - before) for before, after in pairwise(moments)]


def _moment(done: Sequence[tuple[float, float]], count: float) -> float:
    counts = [rows for _, rows in done]
    if count == 0:
        started = [moment for moment, rows in done if rows == 0]
        return started[-1] if started else done[0][0]
    index = bisect_left(counts, count)
    if index == len(done):
        raise ValueError(f"{counts[-1] if counts else 0:,.0f} rows were done, not {count:,.0f}")
    moment, rows = done[index]
    if index == 0:
        return moment
    before, rows_before = done[index - 1]
    return before + (moment - before) * (count - rows_before) / (rows - rows_before)
