"""The bill, against the examples of docs/cost.md, which are worked by hand."""

from dataclasses import replace

import pytest

from operations.cost.bill import bill_of
from operations.cost.capacity import capacity_of, scans_per_s, shard_per_s, shards_for
from operations.cost.savings import savings
from operations.cost.workload import RATE_MAX, Front, StreamMode, Workload
from tests.operations.cost.worked import TOTAL, computed, examples

ROUNDING = 0.0051


def test_the_arithmetic_of_the_document_is_right() -> None:
    """Each result is what its line comes to, rounded as it is written, and each total is the sum of its lines."""
    assert len(examples()) == 3
    for example in examples():
        for row in example.rows:
            if row.name != TOTAL:
                assert computed(row.worked) == pytest.approx(float(row.result), abs=0.51 * 10**-row.decimals), row
        exact = sum(computed(row.worked) for row in example.rows if ": " in row.name)
        assert exact == pytest.approx(example.usd[TOTAL], abs=ROUNDING)


def test_services_add_up_and_a_million_is_a_share_of_the_month() -> None:
    bill = bill_of(Workload(rate=100.0, scores=True))
    assert sum(bill.services.values()) == pytest.approx(bill.usd)
    assert bill.usd_a_million == pytest.approx(bill.usd / 262.8)
    assert next(iter(bill.services)) == "DynamoDB"


@pytest.mark.parametrize("front", Front)
@pytest.mark.parametrize("mode", StreamMode)
def test_a_larger_load_costs_no_less_and_needs_no_less(front: Front, mode: StreamMode) -> None:
    """`breaks` relies on that."""
    before = capacity_of(Workload(rate=0.001)), 0.0
    for tenths in range(-30, 61):
        load = Workload(rate=min(RATE_MAX, 10 ** (tenths / 10)), scores=True, front=front, stream_mode=mode)
        bill = bill_of(load)
        assert bill.usd >= before[1]
        assert bill.capacity.shards >= before[0].shards
        assert all(count >= before[0].tasks.get(name, 0) for name, count in bill.capacity.tasks.items())
        before = bill.capacity, bill.usd


def test_scores_cost_more_and_nothing_in_front_costs_less() -> None:
    load = Workload(rate=500.0)
    assert bill_of(replace(load, scores=True)).usd > bill_of(load).usd > bill_of(replace(load, front=Front.NONE)).usd
    assert bill_of(replace(load, front=Front.APIGW)).usd > bill_of(load).usd


def test_a_kilobyte_more_is_three_units_more() -> None:
    """The item, and its copy in each of the two secondary indexes."""
    one, two = (capacity_of(Workload(rate=1.0, item_bytes=size)).index_write_units for size in (1_024, 1_025))
    assert (one, two) == (3.0, 6.0)


@pytest.mark.parametrize(("workers", "scans"), [(1, 0.5), (4, 2.0), (5, 2.5), (8, 3.0), (40, 3.8), (1_204, 12.0)])
def test_of_many_workers_few_scan_the_leases(workers: int, scans: float) -> None:
    """Four each 2 s; of 40 the others each tenth time, of 1,204 each sixtieth."""
    assert scans_per_s(workers) == pytest.approx(scans)


def test_shards_follow_the_limit_that_is_reached_first() -> None:
    """1 MB/s in; 2 MB/s out to all who poll; what one process of the slowest drain carries."""
    assert shard_per_s(2_000.0, readers=1) == 500.0
    assert shard_per_s(1_000.0, readers=4) == 500.0
    assert shard_per_s(1_000.0, readers=0) == 1_000.0
    assert shard_per_s(100.0, readers=2) == 1_600.0
    assert shards_for(10_000.0, 1_000.0, readers=2) == 16
    assert shards_for(1.0, 1_000.0, readers=2) == 1
    assert capacity_of(Workload(rate=1.0)).shards == 4


def test_what_saves_is_told_with_what_it_saves() -> None:
    bill = bill_of(Workload(rate=10_000.0, item_bytes=1_250, months=3.0, front=Front.ALB))
    found = {each.change: each for each in savings(bill)}
    assert list(found.values()) == sorted(found.values(), key=lambda each: -each.usd)
    small = found["items of the index of 1 KB at most"]
    assert small.by == "code"
    assert small.usd == pytest.approx(bill.usd - bill_of(replace(bill.workload, item_bytes=1024)).usd)
    assert found["an index that holds a month (KeepIndexDays 30)"].usd > 0
    assert all(each.usd >= 0.01 * bill.usd for each in found.values())
    assert "items of the index of 1 KB at most" not in {
        each.change for each in savings(bill_of(Workload(rate=10.0, item_bytes=1024)))
    }
