"""The states that AWS documents for datapoints that are partly missing, cell by cell.

CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data": 3 periods, of which the five latest are
looked at. `0` is a datapoint within the threshold, `X` one beyond it, `-` one that is missing.
"""

from typing import Final

import pytest
from devkit.alarms.cloudwatch_periods import State, Treatment, datapoint, state_after

from operations.alarms.alarm import When

KEPT: Final = "KEPT"
_POINTS: Final = {"0": False, "X": True, "-": None}
TREATMENTS: Final[tuple[Treatment, ...]] = ("missing", "ignore", "breaching", "notBreaching")
STATES: Final[tuple[State, ...]] = ("OK", "ALARM", "INSUFFICIENT_DATA")

DOCUMENTED: Final = (
    (3, "0 - X - X", ("OK", "OK", "OK", "OK")),
    (3, "0 - - - -", ("OK", "OK", "OK", "OK")),
    (3, "- - - - -", ("INSUFFICIENT_DATA", KEPT, "ALARM", "OK")),
    (3, "0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (3, "- - X - -", ("ALARM", KEPT, "ALARM", "OK")),
    (2, "0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (2, "0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (2, "0 - X - -", ("OK", "OK", "ALARM", "OK")),
    (2, "- - - - 0", ("OK", "OK", "ALARM", "OK")),
    (2, "- - - X -", ("ALARM", KEPT, "ALARM", "OK")),
)
"""By row of both tables: datapoints to alarm, the five latest datapoints, and the state by treatment."""


@pytest.mark.parametrize("present", STATES)
@pytest.mark.parametrize(("datapoints", "points", "expected"), DOCUMENTED)
def test_a_documented_row(datapoints: int, points: str, expected: tuple[str, ...], present: State) -> None:
    bad = [_POINTS[point] for point in points.split()]
    found = [state_after(bad, When(datapoints, 3), treatment, present) for treatment in TREATMENTS]
    assert found == [present if state == KEPT else state for state in expected]


@pytest.mark.parametrize("points", ["- - - - X", "- - - X -"])
def test_an_alarm_does_not_fire_too_early(points: str) -> None:
    """The section "Avoiding premature transitions": with 3 of 3, one bad datapoint is not yet enough."""
    bad = [_POINTS[point] for point in points.split()]
    assert state_after(bad, When(3, 3), "missing", "OK") == "OK"


def test_datapoints_older_than_the_range_do_not_count() -> None:
    assert state_after([True] * 9 + [None] * 5, When(3, 3), "notBreaching", "ALARM") == "OK"


def test_a_period_has_one_number() -> None:
    values = [1.0, 4.0, 2.0]
    assert [datapoint(name, values) for name in ("Sum", "Maximum", "Minimum", "SampleCount")] == [7.0, 4.0, 1.0, 3.0]
    assert datapoint("p99", [*range(1, 101)]) == 99
    assert datapoint("Sum", []) is None
