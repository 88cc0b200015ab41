"""What fails is left alone, for longer each time."""

from workers.ingest.pauses import PAUSE_FIRST_S, PAUSE_S_MAX, PAUSED_MAX, Pauses


def test_pauses_grow_to_a_bound_and_end_with_a_success() -> None:
    now = [0.0]
    pauses = Pauses(lambda: now[0])
    assert not pauses.is_paused("a")
    for failures in range(1, 9):
        pauses.failed("a")
        longest = min(PAUSE_S_MAX, PAUSE_FIRST_S * 2 ** (failures - 1))
        now[0] += longest - 0.1
        assert pauses.is_paused("a")
        now[0] += 0.1
        assert not pauses.is_paused("a")
    pauses.passed("a")
    pauses.failed("a")
    now[0] += PAUSE_FIRST_S
    assert not pauses.is_paused("a")


def test_they_are_bounded() -> None:
    """The oldest are forgotten first."""
    pauses = Pauses(lambda: 0.0)
    for name in range(PAUSED_MAX + 5):
        pauses.failed(name)
    assert not pauses.is_paused(4)
    assert pauses.is_paused(5)
