"""Bars are aligned, begin at zero, and fit into the terminal."""

import pytest
from rich.cells import cell_len

from txn_cli.answers.bars import Bar, bar_lines

BARS = [Bar("South", 5_411.0, "5,411 USD"), Bar("Midwest", 2_705.5, "2,705 USD"), Bar("West", 0, "0 USD")]


def test_the_longest_fills_the_room_and_half_of_it_is_half_as_long() -> None:
    assert bar_lines(BARS, width=40) == [
        "South    5,411 USD  ████████████████████",
        "Midwest  2,705 USD  ██████████",
        "West         0 USD",
    ]


def test_parts_of_a_character_are_shown() -> None:
    [first, second] = bar_lines([Bar("a", 80, ""), Bar("b", 43, "")], width=15)
    assert (first[5:], second[5:]) == ("█" * 10, "█████▍")


def test_bars_of_ascii_alone() -> None:
    lines = bar_lines([*BARS, Bar("Zoo", 1, "1 USD")], width=40, plain=True)
    assert all(line.isascii() for line in lines)
    assert [line.count("#") for line in lines] == [20, 10, 0, 1]


@pytest.mark.parametrize("width", range(12, 60))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = bar_lines(
        [*BARS, Bar("東京 and a long name that goes on", 9, "9 USD"), Bar("\x1b[31m", -4, "-4 USD")], width=width
    )
    assert max(map(cell_len, lines)) <= width
    assert [line.split(" USD")[0].rsplit(" ", 1)[-1] for line in lines] == ["5,411", "2,705", "0", "9", "-4"]
    assert "\x1b" not in "".join(lines)


def test_names_come_before_bars_where_there_is_little_room() -> None:
    assert bar_lines(BARS, width=18) == ["South    5,411 USD", "Midwest  2,705 USD", "West         0 USD"]


def test_nothing_is_no_line() -> None:
    assert bar_lines([], width=80) == []
