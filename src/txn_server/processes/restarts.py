"""When a child that ended is started again, and when it is given up."""

import signal
from collections.abc import Iterable
from dataclasses import dataclass

KILLS = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
"""Return codes of a child that somebody else ended."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a child, on the monotonic clock."""

    at_s: float
    returncode: int

    @property
    def was_killed(self) -> bool:
        """Whether it was ended from outside (an operator, a chaos test), which says nothing about the child."""
        return self.returncode in KILLS


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """A child that ends by itself five times within a minute cannot stay up; killing is pardoned more often."""

    window_s: float = 60.0
    crashes_max: int = 5
    kills_max: int = 60
    pause_s_first: float = 0.25
    pause_s_max: float = 5.0

    @property
    def ends_max(self) -> int:
        """How many ends the decision looks back on."""
        return self.crashes_max + self.kills_max

    def pause_s(self, ends: Iterable[End]) -> float | None:
        """How long to wait before the next start after these ends, the last of which is now; none to give up."""
        *_, last = ends = list(ends)
        recent = [end for end in ends if end.at_s > last.at_s - self.window_s]
        kills = sum(end.was_killed for end in recent)
        if len(recent) - kills >= self.crashes_max or kills >= self.kills_max:
            return None
        return min(self.pause_s_first * 2.0 ** (len(recent) - 1), self.pause_s_max)
