"""What is dear is made once in a while, whoever asks."""

import threading
import time

import pytest

from txn_core.recent import Recent


def test_a_value_is_made_again_when_it_is_old() -> None:
    now_s, made = [0.0], iter(range(10))
    recent = Recent(lambda: next(made), 1.0, lambda: now_s[0])
    values = []
    for now_s[0] in (0.0, 0.5, 0.99, 1.0, 1.5, 5.0):
        values.append(recent.get())
    assert values == [0, 0, 0, 1, 1, 2]


def test_threads_that_ask_together_have_it_made_once() -> None:
    made: list[None] = []

    def make() -> int:
        time.sleep(0.05)
        made.append(None)
        return len(made)

    recent = Recent(make, 60.0)
    values: list[int] = []
    threads = [threading.Thread(target=lambda: values.append(recent.get())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert values == [1] * 20


def test_a_failure_is_not_kept() -> None:
    answers = [ValueError(), 1]

    def make() -> int:
        answer = answers.pop(0)
        if isinstance(answer, ValueError):
            raise answer
        return answer  # type: ignore[return-value]

    recent = Recent(make, 60.0)
    with pytest.raises(ValueError):
        recent.get()
    assert recent.get() == 1
