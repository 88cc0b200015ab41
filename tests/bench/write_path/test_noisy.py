"""What a noisy key is held against."""

import pytest
from bench.write_path.noisy import LIMIT_PER_S, Run, results
from bench.write_path.open_loop import Answer

SECONDS = 2
ALLOWED = LIMIT_PER_S * (SECONDS + 1)


def answers(latency_s: float, *statuses: int) -> list[Answer]:
    """Answers that took so long each."""
    return [Answer(status, latency_s) for status in statuses]


def alone() -> Run:
    """A quiet key by itself."""
    return Run(answers(0.002, 202, 202), [])


def noise(taken: int = ALLOWED, refused: int = 3 * ALLOWED) -> list[Answer]:
    """The answers to a noisy key."""
    return answers(0.01, *[202] * taken, *[429] * refused)


def test_a_quiet_key_is_compared_with_itself() -> None:
    """Round by round; the noisy key's own latencies do not count."""
    ratio, *counts = results([Run(answers(0.0028, 202, 202), noise())], [alone()], SECONDS)
    assert ratio.ratio == pytest.approx(1.4)
    assert ratio.ok
    assert all(count.ok for count in counts)


@pytest.mark.parametrize(
    ("beside", "missed"),
    [
        (Run(answers(0.0031, 202, 202), noise()), 0),
        (Run(answers(0.002, 202, 429), noise()), 1),
        (Run(answers(0.002, 202, 202), noise(taken=ALLOWED + 1)), 2),
        (Run(answers(0.002, 202, 202), [*noise(), *answers(0.01, 503)]), 3),
    ],
    ids=["slower", "refused", "surplus taken", "another answer"],
)
def test_what_a_noisy_key_must_not_do_misses_a_bar(beside: Run, missed: int) -> None:
    """Each by itself: slow the other down, have it fail, get more than its limit, or break anything."""
    assert [result.ok for result in results([beside], [alone()], SECONDS)] == [n != missed for n in range(4)]
