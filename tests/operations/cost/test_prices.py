"""The files of prices and quotas, and the tables that are made of them."""

from pathlib import Path

from operations.cost import cost_page
from operations.cost.bill import bill_of
from operations.cost.prices import price, prices
from operations.cost.quotas import quotas
from operations.cost.workload import Front, StreamMode, Workload

COMMITTED = Path(__file__).parents[3] / "docs" / "cost.md"


def test_a_price_is_of_so_many_units() -> None:
    assert price("dynamodb_write_unit").of(2_000_000) == 1.25
    assert price("s3_put").of(1_000) == 0.005


def test_every_price_is_used_and_what_no_source_confirms_is_marked() -> None:
    used = {
        line.price_name
        for mode in StreamMode
        for front in Front
        for use in (None, 0.7)
        for line in bill_of(
            Workload(rate=1.0, scores=True, stream_mode=mode, front=front, write_capacity_use=use)
        ).lines
    }
    assert used == prices().keys()
    assert all(each.found for each in prices().values())
    assert {name for name, each in quotas().items() if not each.found} == {"fargate_vcpu"}


def test_the_committed_tables_have_not_drifted() -> None:
    """`make openapi` would write the very file that is committed."""
    text = COMMITTED.read_text(encoding="utf-8")
    assert cost_page.updated(text) == text
    assert price("kinesis_put_unit").source in text
