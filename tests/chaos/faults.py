"""What goes wrong between a process and a server, and how often: rules with seeded dice, without any I/O."""

import random
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from tests.chaos.calls import Call


class Passing(Enum):
    """When a call reaches the server."""

    AT_ONCE = auto()
    NEVER = auto()
    LATE = auto()  # its sender was cut off already, and may have sent it again


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a call."""

    name: str
    passing: Passing = Passing.AT_ONCE
    wait_s: float = 0.0  # before it is passed on, or, when it never is, before it is answered or cut
    answer_wait_s: float = 0.0  # between the server's answer and ours
    status: int | None = None  # of an answer that takes the server's place
    code: str = ""
    cut: bool = False  # no answer: the connection is reset


REFUSED: Final = Fate(name="500 before", passing=Passing.NEVER, status=500, code="InternalServerError")
UNAVAILABLE: Final = Fate(name="503 before", passing=Passing.NEVER, status=503, code="ServiceUnavailable")
FAILED_DONE: Final = Fate(name="500 though carried out", status=500, code="InternalServerError")
CUT: Final = Fate(name="cut before", passing=Passing.NEVER, cut=True)
ANSWER_LOST: Final = Fate(name="answer lost", cut=True)
REQUEST_DELAYED: Final = Fate(name="request delayed", wait_s=1.2)
ANSWER_DELAYED: Final = Fate(name="answer delayed", answer_wait_s=1.2)
CARRIED_OUT_LATE: Final = Fate(name="cut, carried out late", passing=Passing.LATE, wait_s=1.5, cut=True)
BLACK_HOLE: Final = Fate(name="black hole", passing=Passing.NEVER, wait_s=2.5, cut=True)
SLOW: Final = Fate(name="slow", wait_s=0.25, answer_wait_s=0.25)
THROTTLED: Final = Fate(
    name="throttled", passing=Passing.NEVER, status=400, code="ProvisionedThroughputExceededException"
)
SLOW_DOWN: Final = Fate(name="503 SlowDown", passing=Passing.NEVER, status=503, code="SlowDown")
CONFLICT: Final = Fate(name="409 conflict", passing=Passing.NEVER, status=409, code="ConditionalRequestConflict")

EVERYWHERE: Final = (
    *(REFUSED, UNAVAILABLE, FAILED_DONE, CUT, ANSWER_LOST),
    *(REQUEST_DELAYED, ANSWER_DELAYED, CARRIED_OUT_LATE, BLACK_HOLE),
)
OF_SERVICE: Final = {
    "dynamodb": (*EVERYWHERE, THROTTLED),
    "s3": (*EVERYWHERE, SLOW_DOWN, CONFLICT),
    "kinesis": (*EVERYWHERE, THROTTLED),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fate that calls meet for a while: those of a service, or only one step of it, at a rate."""

    fate: Fate
    service: str
    rate: float
    from_s: float
    to_s: float
    step: str | None = None

    def concerns(self, call: Call, at_s: float) -> bool:
        """Whether a call at this moment of the run may meet it."""
        return (
            call.service == self.service
            and self.from_s <= at_s < self.to_s
            and (self.step is None or call.step.startswith(self.step))
        )


@dataclass(slots=True)
class Troubles:
    """All troubles of a run; `met` counts what calls met, by service and name."""

    troubles: tuple[Trouble, ...]
    rng: random.Random
    met: Counter[str] = field(default_factory=Counter)

    def fate(self, call: Call, at_s: float) -> Fate | None:
        """What becomes of a call, if not the usual. The first trouble that it meets wins."""
        for trouble in self.troubles:
            if trouble.concerns(call, at_s) and self.rng.random() < trouble.rate:
                self.met[f"{_where(trouble, call)}: {trouble.fate.name}"] += 1
                return trouble.fate
        return None


def _where(trouble: Trouble, call: Call) -> str:
    """What a call went to, as counts name it."""
    if call.step.startswith("registry"):
        return "registry"
    return "lease table" if trouble.step == "lease" or call.shard_id else call.service
