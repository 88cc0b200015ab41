"""The meter: quiet enough for a log, on standard error alone."""

import io

import pytest
from rich.console import Console

from txn_cli.output.meter import LINE_EVERY_S, Meter


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_where_there_is_no_terminal_a_line_comes_now_and_then() -> None:
    output, clock = io.StringIO(), Clock()
    with Meter("Loading", Console(file=output, width=20), clock) as meter:
        meter.show(0.25, "1 row")
        clock.now = LINE_EVERY_S
        meter.show(0.5, "2 rows, more than fit on one line of a narrow terminal")
        meter.show(0.75, "3 rows")
        clock.now = 2 * LINE_EVERY_S
        meter.show(None, "4 rows")
    assert output.getvalue().splitlines() == [
        "Loading 50%: 2 rows, more than fit on one line of a narrow terminal", "Loading: 4 rows"
    ]  # fmt: skip


def test_a_terminal_shows_a_bar() -> None:
    output = io.StringIO()
    with Meter("Loading", Console(file=output, force_terminal=True, width=120)) as meter:
        meter.show(0.5, "10 rows")
    assert "Loading" in output.getvalue()
    assert "50%" in output.getvalue()


def test_standard_output_stays_free(capsys: pytest.CaptureFixture[str]) -> None:
    with Meter("Loading") as meter:
        meter.show(0.5, "10 rows")
        meter.say("a line [with brackets]")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "a line [with brackets]" in captured.err
