"""Names of the lake's objects, and which hours of it are complete."""

import pytest

from tests.builders import position
from txn_core.lake.layout import UNTIMED, hour_prefix, is_complete, range_key
from txn_core.transactions.instants import Instant, instant_of
from workers.reading.answers import UNKNOWN_ARRIVAL

NOON = Instant("2026-03-01T12:00:00.000000Z")


def test_an_object_lies_in_the_hour_of_its_first_record() -> None:
    assert hour_prefix(NOON) == "raw/dt=2026-03-01/hr=12/"
    assert range_key(position(7, 1), NOON) == "raw/dt=2026-03-01/hr=12/shardId-000000000000-7-1.parquet"


@pytest.mark.parametrize(
    ("hour", "complete"),
    [
        ("2026-03-01T11:59:59.999999Z", True),
        ("2026-03-01T12:00:00.000000Z", False),
        ("2026-02-28T23:00:00.000000Z", True),
        ("2026-03-01T13:00:00.000000Z", False),
        (UNTIMED, False),
    ],
)
def test_an_hour_is_complete_when_it_is_over_at_the_moment(hour: str, *, complete: bool) -> None:
    assert is_complete(hour_prefix(Instant(hour)), NOON) is complete


def test_the_hour_of_records_without_a_time_is_the_one_that_readers_give_them() -> None:
    assert instant_of(UNKNOWN_ARRIVAL) == UNTIMED
