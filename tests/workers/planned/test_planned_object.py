"""The objects of planned ranges: their names, and what they say that they cover."""

from collections.abc import Mapping

import pytest

from tests.builders import position
from tests.workers.builders import event, later, records, shard
from txn_core.exceptions import StoreError
from workers.leases.lease import FlushPlan
from workers.planned.planned_object import has_gap, object_key, object_last, object_metadata, plan_of

PLAN = FlushPlan(position(7, 1), position(9), later(0), 3)


def test_an_object_is_named_by_the_range_it_begins() -> None:
    assert object_key(PLAN) == "raw/dt=2026-01-02/hr=03/shardId-000000000000-7-1.parquet"
    assert object_key(PLAN, "scores/") == "scores/dt=2026-01-02/hr=03/shardId-000000000000-7-1.parquet"


def test_an_object_says_what_it_covers() -> None:
    metadata = object_metadata(PLAN, rows=2)
    assert metadata == {"first": "7/1", "last": "9/0", "rows": "2"}
    assert object_last(metadata, shard(0)) == PLAN.last


@pytest.mark.parametrize("metadata", [{}, {"last": "9"}, {"last": "x/0"}])
def test_an_object_of_others_is_not_taken_for_ours(metadata: Mapping[str, str]) -> None:
    with pytest.raises(StoreError):
        object_last(metadata, shard(0))


def test_a_plan_covers_its_records() -> None:
    read = records(event(), event(), event(), start=7)
    plan = plan_of(read)
    assert (plan.first, plan.last, plan.positions) == (position(7), position(9), 3)


def test_a_range_that_was_read_again_lacks_nothing_but_what_is_too_old() -> None:
    """Records may be missing where the stream has let go of the first one, and nowhere else."""
    assert not has_gap(PLAN, PLAN.first, 3)
    assert has_gap(PLAN, position(8), 2)
    assert has_gap(PLAN, None, 0)
    with pytest.raises(StoreError):
        has_gap(PLAN, PLAN.first, 2)
