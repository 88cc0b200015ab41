"""What a noisy key is held against."""

import pytest
from bench.write_path.load.open_loop import Answer
from bench.write_path.noisy import LIMIT_PER_S, Run, results

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


def orderly() -> Run:
    """A quiet key beside one that keeps to its limit."""
    return Run(answers(0.0025, 202, 202), answers(0.01, *[202] * ALLOWED))


def test_a_quiet_key_is_compared_with_itself() -> None:
    """Round by round; the other keys' own latencies do not count."""
    to_orderly, to_alone, *counts = results(
        [Run(answers(0.0028, 202, 202), noise())], [orderly()], [alone()], SECONDS
    )
    assert to_orderly.ratio == pytest.approx(1.12)
    assert to_alone.ratio == pytest.approx(1.4)
    assert {to_orderly.bar, to_alone.bar} == {"none"}
    assert all(count.ok for count in counts)


@pytest.mark.parametrize(
    ("beside", "missed"),
    [
        (Run(answers(0.1, 202, 202), noise()), set()),
        (Run(answers(0.002, 202, 429), noise()), {2}),
        (Run(answers(0.002, 202, 202), noise(taken=ALLOWED + 1)), {3}),
        (Run(answers(0.002, 202, 202), [*noise(), *answers(0.01, 503)]), {4}),
    ],
    ids=["slower", "refused", "surplus taken", "another answer"],
)
def test_what_a_noisy_key_must_not_do_misses_a_bar(beside: Run, missed: set[int]) -> None:
    """Each by itself: have the other fail, get more than its limit, or break anything. Times have no bar."""
    compared = results([beside], [orderly()], [alone()], SECONDS)
    assert {number for number, result in enumerate(compared) if not result.ok} == missed
