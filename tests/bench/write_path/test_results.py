"""Ratios, verdicts, and the form in which they are written."""

import json
from pathlib import Path

import pytest
from bench.write_path.results import at_least, at_most, compared, counted, medians, none_of, table, write


def test_the_ratio_is_the_median_of_the_rounds_and_not_that_of_the_medians() -> None:
    """A round's two figures were taken side by side, those of two rounds were not."""
    result = compared("rate", [10, 40, 30], [10, 10, 5], at_least(2))
    assert (result.ours, result.peer, result.ratio) == (30, 10, 4)


@pytest.mark.parametrize(
    ("bar", "ratio", "holds", "text"),
    [
        (at_least(0.28), 0.28, True, ">= 0.28"),
        (at_least(10), 9.99, False, ">= 10"),
        (at_most(1 / 25), 0.04, True, "<= 0.04"),
        (at_most(0.2), 0.21, False, "<= 0.2"),
    ],
)
def test_the_limit_itself_is_good_enough(bar: object, ratio: float, holds: bool, text: str) -> None:  # noqa: FBT001
    """On either side."""
    result = compared("measure", [ratio], [1], bar)  # type: ignore[arg-type]
    assert (result.ok, result.bar) == (holds, text)


def test_rounds_without_a_counterpart_are_an_error() -> None:
    """A ratio needs both."""
    with pytest.raises(ValueError, match="shorter"):
        compared("rate", [1, 2], [1], at_least(1))


def test_a_ratio_of_medians_pairs_no_rounds() -> None:
    """One slow round of the peer's does not stand beside a quick one of ours by chance."""
    result = medians("p99", [1, 5, 3], [2, 2, 9], at_most(1.5))
    assert (result.ours, result.peer, result.ratio, result.ok) == (3, 2, 1.5, True)


@pytest.mark.parametrize(("count", "ok"), [(0, True), (1, False)])
def test_a_count_that_has_to_be_nought(count: int, ok: bool) -> None:  # noqa: FBT001
    """One failure is too many."""
    assert none_of("failures", count).ok is ok


@pytest.mark.parametrize(("count", "ok"), [(64, True), (65, False)])
def test_a_count_against_its_bound(count: int, ok: bool) -> None:  # noqa: FBT001
    """The bound itself is good enough."""
    result = counted("requests", count, 64)
    assert (result.ours, result.peer, result.bar, result.ok, result.by) == (count, 64, "<= 1", ok, "count")


def test_an_illustration_misses_nothing() -> None:
    """What goes by the clock of a busy machine may have no bar, and no mark then."""
    result = medians("p99", [4], [1], None)
    assert (result.ratio, result.bar, result.ok, result.by) == (4, "none", True, "clock")
    assert table([result]).splitlines()[2] == "| p99 | clock | 4 | 1 | 4 | none |  |"


def test_the_file_is_a_list_of_seven_members(tmp_path: Path) -> None:
    """Others read it."""
    file = tmp_path / "results" / "latest.json"
    write([compared("rate", [4], [2], at_least(1))], file)
    assert json.loads(file.read_text()) == [
        {"measure": "rate", "ours": 4, "peer": 2, "ratio": 2, "bar": ">= 1", "ok": True, "by": "clock"}
    ]


def test_the_table_says_what_was_missed() -> None:
    """A line a measure under two of heading."""
    found = [compared("a", [4], [2], at_least(1)), compared("b", [4], [2], at_most(1), by="CPU")]
    assert table(found).splitlines()[2:] == [
        "| a | clock | 4 | 2 | 2 | >= 1 | ok |",
        "| b | CPU | 4 | 2 | 2 | <= 1 | missed |",
    ]
