"""The arithmetic of CloudWatch's metric math, and what missing datapoints do to it."""

import pytest
from devkit.alarms.metric_math import Datapoint, worked_out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m1", 6.0),
        ("m1/(2*10)", 0.3),
        ("m1+none", None),
        ("SUM([FILL(m1,0),FILL(none,0)])", 6.0),
        ("SUM([m1,none])", 6.0),
        ("MIN([m1,two,none])", 2.0),
        ("MIN([none])", None),
        ("MIN([MAX([m1,two]),MAX([none])])", 6.0),
        ("IF(m1>=20,m1/zero,0)", 0.0),
        ("IF(m1>=6,m1/two,0)", 3.0),
        ("IF(none>=6,m1,0)", None),
    ],
)
def test_an_expression(text: str, expected: Datapoint) -> None:
    assert worked_out(text, {"m1": 6.0, "two": 2.0, "zero": 0.0, "none": None}) == expected


@pytest.mark.parametrize("text", ["AVG([m1])", "m1 if m1 else 0", "m1 > 2", "__import__('os')"])
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        worked_out(text, {"m1": 1.0})
