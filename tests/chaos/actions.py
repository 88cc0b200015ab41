"""What happens in a run besides load: values, so that a schedule can be compared, printed and carried out."""

from dataclasses import dataclass
from enum import StrEnum


class Moment(StrEnum):
    """On which side of a call something happens."""

    BEFORE = "before"  # the server has not seen the call
    AFTER = "after"  # it was carried out, and the sender does not know


@dataclass(frozen=True, slots=True)
class Point:
    """A point in a protocol: a call of one step by a process of one kind."""

    kind: str
    step: str
    moment: Moment

    def __str__(self) -> str:
        return f"{self.kind} {self.moment} {self.step}"


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL for a process, which is started again after a pause."""

    name: str
    back_after_s: float


@dataclass(frozen=True, slots=True)
class KillAt:
    """SIGKILL for the next process that comes to a point."""

    point: Point
    back_after_s: float


@dataclass(frozen=True, slots=True)
class FreezeAt:
    """SIGSTOP for the next process that comes to a point, longer than others wait for it. Then it goes on as if
    nothing had been: a zombie.
    """

    point: Point
    for_s: float


@dataclass(frozen=True, slots=True)
class Resign:
    """SIGTERM for a worker, which stays away for a while: one worker fewer, then one more."""

    name: str
    back_after_s: float


@dataclass(frozen=True, slots=True)
class Split:
    """A split of the open shard that has this place among them, modulo their number."""

    place: int


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge of two neighbours."""

    place: int


@dataclass(frozen=True, slots=True)
class ThrottleShard:
    """One shard takes and gives nearly nothing for a while. Only our own Kinesis server can."""

    place: int
    for_s: float


@dataclass(frozen=True, slots=True)
class ExpireIterators:
    """All iterators expire and all subscriptions end at once. Only our own Kinesis server can."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A foreign producer puts something that is no event."""

    data: bytes

    def __str__(self) -> str:
        """Its beginning."""
        return f"Poison({self.data[:40]!r})"


@dataclass(frozen=True, slots=True)
class JumpClock:
    """The clocks of the one process that has its own jump."""

    wall_s: float
    monotonic_s: float


@dataclass(frozen=True, slots=True)
class ChangeVersions:
    """The registry wants another model and other rules."""


Action = (
    Kill
    | KillAt
    | FreezeAt
    | Resign
    | Split
    | Merge
    | ThrottleShard
    | ExpireIterators
    | Poison
    | JumpClock
    | ChangeVersions
)


@dataclass(frozen=True, slots=True)
class Timed:
    """An action and its time, in seconds of the run."""

    at_s: float
    action: Action
