"""The decision to start an ended child again."""

import signal

import pytest

from txn_server.processes.restarts import End, RestartPolicy

POLICY = RestartPolicy(window_s=60, crashes_max=5, kills_max=10, pause_s_first=0.25, pause_s_max=1)


def crashes(*times: float) -> list[End]:
    return [End(at_s, 1) for at_s in times]


@pytest.mark.parametrize(
    ("ends", "pause_s"),
    [
        pytest.param(crashes(0), 0.25, id="the first crash costs the shortest pause"),
        pytest.param(crashes(0, 1), 0.5, id="the second one twice that"),
        pytest.param(crashes(0, 1, 2, 3), 1, id="up to the longest pause"),
        pytest.param(crashes(0, 1, 2, 3, 4), None, id="five within the window are too many"),
        pytest.param(crashes(0, 1, 2, 3, 60.5), 1, id="one that is long ago does not count"),
        pytest.param(crashes(0, 100, 200, 300, 400), 0.25, id="rare crashes never add up"),
        pytest.param([End(t, -signal.SIGKILL) for t in range(9)], 1, id="being killed says nothing about a child"),
        pytest.param([End(t, -signal.SIGKILL) for t in range(10)], None, id="but has a bound as well"),
        pytest.param([End(t, -signal.SIGSEGV) for t in range(5)], None, id="a fault of its own is a crash"),
    ],
)
def test_pause_before_the_next_start(ends: list[End], pause_s: float | None) -> None:
    assert POLICY.pause_s(ends) == pause_s
