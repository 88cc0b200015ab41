"""What a walk met."""

from bench.reads.tally import Tally


def test_a_walk_that_meets_all_once_has_missed_and_doubled_nothing() -> None:
    """Rows that came in meanwhile may be met or not."""
    tally = Tally(["a", "b", "c"])
    tally.meet(["a", "new"])
    tally.meet(["b", "c"])
    assert (tally.missed, tally.doubled, tally.inserted) == (0, 0, 1)


def test_what_is_missed_and_what_is_met_again_is_counted() -> None:
    """Also when it is a row that came in meanwhile."""
    tally = Tally(["a", "b", "c"])
    tally.meet(["a", "a", "new"])
    tally.meet(["a", "new"])
    assert (tally.missed, tally.doubled, tally.inserted) == (2, 3, 1)
