"""The rates at which quotas are used up, against what can be said in the head."""

import pytest

from operations.cost.quotas import breaks, quotas
from operations.cost.workload import Front, StreamMode, Workload


def rates(workload: Workload) -> dict[str, float | None]:
    """The highest rate by quota."""
    return {each.name: each.rate for each in breaks(workload)}


def test_the_first_quota_comes_first_and_those_that_are_never_used_up_last() -> None:
    found = [each.rate for each in breaks(Workload(rate=1.0))]
    known = [rate for rate in found if rate is not None]
    assert known == sorted(known)
    assert found[: len(known)] == known


def test_a_new_table_takes_as_many_items_as_units() -> None:
    """An item of the usual size is one write unit, one of 1,250 bytes two: 4,000 units are 2,000 of these."""
    found = rates(Workload(rate=7.0, item_bytes=1_250))
    assert found["dynamodb_new_table"] == pytest.approx(2_000, rel=0.001)
    assert found["dynamodb_table"] == pytest.approx(20_000, rel=0.001)
    assert rates(Workload(rate=7.0))["dynamodb_table"] == pytest.approx(40_000, rel=0.001)


def test_tasks_end_at_the_parameters_of_the_stack() -> None:
    """12 tasks of the API at half of 7,000 posts, 4 of the index at 60 % of 1,600."""
    found = rates(Workload(rate=1.0))
    assert found["api_tasks"] == pytest.approx(42_000, rel=0.001)
    assert found["index_tasks"] == pytest.approx(3_840, rel=0.001)


def test_a_quota_is_told_where_it_is_met() -> None:
    assert "api_gateway" not in rates(Workload(rate=1.0))
    assert rates(Workload(rate=1.0, front=Front.APIGW))["api_gateway"] == pytest.approx(10_000, rel=0.001)
    provisioned = rates(Workload(rate=1.0, stream_mode=StreamMode.PROVISIONED))
    assert provisioned["kinesis_shards"] is None
    assert "kinesis_stream" not in provisioned
    assert "kinesis_shards" not in rates(Workload(rate=1.0))
    together = rates(Workload(rate=1.0, front=Front.APIGW)) | provisioned
    assert together.keys() == quotas().keys()


def test_what_the_smallest_deployment_exceeds_lets_nothing_through() -> None:
    """With the scorer, six tasks of a core run at least: more than the quota only when one is added."""
    assert rates(Workload(rate=1.0, scores=True))["fargate_vcpu"] == pytest.approx(960, rel=0.001)
    assert rates(Workload(rate=1.0))["fargate_vcpu"] == pytest.approx(1_920, rel=0.001)
