"""The budget of log lines: what is taken, what is left out, and that all that is left out is counted."""

from dataclasses import dataclass

from txn_core.logs.log_budget import LogBudget


@dataclass
class Clock:
    """Seconds that a test sets."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


def budget(clock: Clock) -> LogBudget[str]:
    return LogBudget(kind_max=2, holder_max=3, lines_max=5, clock=clock)


def test_the_first_lines_of_a_kind_are_taken_in_each_second() -> None:
    """A new second begins with a whole budget."""
    clock = Clock()
    lines = budget(clock)
    assert [lines.takes("a") for _ in range(4)] == [True, True, False, False]
    clock.now_s = 0.99
    assert not lines.takes("a")
    clock.now_s = 1.0
    assert lines.takes("a")


def test_a_holder_uses_up_its_own_part() -> None:
    """However many kinds of lines it causes; what all cause together is bounded, too."""
    lines = budget(Clock())
    assert [lines.takes(kind, "noisy") for kind in "abcdef"] == [True] * 3 + [False] * 3
    assert [lines.takes(kind, "quiet") for kind in "ab"] == [True] * 2
    assert not lines.takes("a", "third")


def test_what_is_left_out_is_counted_by_kind() -> None:
    """For good, and until it was told."""
    lines = budget(Clock())
    for kind in "aaaabbb":
        lines.takes(kind)
    assert lines.left_out == {"a": 2, "b": 2}
    assert lines.untold() == {"a": 2, "b": 2}
    assert not lines.untold()
    lines.takes("b")
    assert lines.untold() == {"b": 1}
    assert lines.left_out == {"a": 2, "b": 3}


def test_what_is_remembered_ends_with_its_second() -> None:
    """A holder for each request must not grow what is kept."""
    clock = Clock()
    lines = budget(clock)
    for second in range(100):
        clock.now_s = float(second)
        for holder in range(100):
            lines.takes("a", holder)
        assert len(lines._of_holders) + len(lines._of_kinds) <= 2 * lines.lines_max
    assert lines.left_out == {"a": 9_500}
