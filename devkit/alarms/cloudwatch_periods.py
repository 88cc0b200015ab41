"""How CloudWatch decides the state of an alarm, from the datapoints of its latest periods.

After the CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data". CloudWatch looks at a few
more periods than it evaluates (the evaluation range), in case the latest are missing; its examples have five for
three.
"""

import math
from collections.abc import Sequence
from typing import Literal

from operations.alarms.alarm import When

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Treatment = Literal["missing", "ignore", "breaching", "notBreaching"]

FURTHER_PERIODS = 2
"""How many periods more than it evaluates CloudWatch looks at, in its own examples."""


def state_after(bad: Sequence[bool | None], when: When, treatment: Treatment, present: State) -> State:
    """The state after the latest period; `bad` says of each, the oldest first, whether it is, or None: no data.

    Real datapoints come first. Only when there are fewer than the alarm evaluates are missing ones filled in, and no
    more of them than are wanting.
    """
    looked_at = bad[-(when.periods + FURTHER_PERIODS) :]
    real = [each for each in looked_at if each is not None]
    if len(real) >= when.periods:
        return _state(sum(real[-when.periods :]), when)
    if treatment in {"breaching", "notBreaching"}:
        filled = when.periods - len(real) if treatment == "breaching" else 0
        return _state(sum(real) + filled, when)
    if not real:
        return "INSUFFICIENT_DATA" if treatment == "missing" else present
    if not all(real):
        return _state(sum(real), when)
    # All that is known is bad. It suffices when the oldest of it is as far back as datapoints have to be bad.
    periods_back = len(looked_at) - next(place for place, each in enumerate(looked_at) if each is not None)
    return "ALARM" if treatment == "missing" and periods_back >= when.datapoints else present


def datapoint(statistic: str, values: Sequence[float]) -> float | None:
    """The number of a period by its values; None without any."""
    if not values:
        return None
    match statistic:
        case "Sum":
            return math.fsum(values)
        case "Maximum":
            return max(values)
        case "Minimum":
            return min(values)
        case "SampleCount":
            return float(len(values))
        case "p99":
            return sorted(values)[math.ceil(0.99 * len(values)) - 1]
        case _:
            raise ValueError(statistic)


def _state(bad: int, when: When) -> State:
    return "ALARM" if bad >= when.datapoints else "OK"
