"""What a line of an upload costs, accepted or refused, whatever its bytes."""

from tests.abuse.climbing import climb
from tests.abuse.lines import BAR, Lines

SECONDS = 15.0
SEED = 20_260_101


def test_no_line_costs_much_more_a_byte_than_an_ordinary_one() -> None:
    """At most five times as much, by a search that climbs; an hour of it: `make abuse SECONDS=3600`."""
    report = climb(Lines(), seconds=SECONDS, seed=SEED)
    assert report.over == [], "\n".join(report.lines())
    assert report.tried > 200
    assert 0 < report.best <= BAR
