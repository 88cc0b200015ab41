"""How many PutRecords calls are worth making: each costs about a millisecond of CPU time, whatever it holds.

A token bucket. Whoever calls rarely never waits, nor does whoever has little to send and no call under way; whoever
calls often lets records gather, and makes fewer and fuller calls instead.
"""

from typing import Final

CALLS_PER_S: Final = 100.0
BURST: Final = 10.0
WAIT_S_MIN: Final = 0.001  # less is no wait: a timer for it costs more than it brings


class CallRate:
    """The rate of one producer's calls. Times are the caller's monotonic seconds."""

    def __init__(self) -> None:
        self._saved, self._saved_at = BURST, 0.0

    def wait_s(self, now: float) -> float:
        """How long the next call should wait, if another is under way; 0 when it may go."""
        self._save(now)
        wait_s = (1 - self._saved) / CALLS_PER_S
        return 0.0 if wait_s < WAIT_S_MIN else wait_s

    def spend(self, now: float) -> None:
        """A call goes; it may have been made without waiting."""
        self._save(now)
        self._saved = max(0.0, self._saved - 1)

    def _save(self, now: float) -> None:
        passed_s, self._saved_at = now - self._saved_at, now
        self._saved = min(BURST, self._saved + passed_s * CALLS_PER_S)
