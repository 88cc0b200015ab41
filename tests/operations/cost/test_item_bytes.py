"""Sizes of items, worked by hand after the developer guide, and those of the index by its form."""

from typing import Any

import pytest
from bench.item_size import sizes

from operations.cost.dynamodb_units import item_bytes, write_units
from tests.operations.cost.made_events import made_events
from txn_core.dynamodb.item_form import ItemForm


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"id": {"S": "grün"}}, 2 + 5),
        ({"b": {"B": bytes(10)}}, 1 + 10),
        ({"n": {"N": "0"}}, 1 + 1),
        ({"n": {"N": "1234"}}, 1 + 3),
        ({"n": {"N": "-12300"}}, 1 + 4),
        ({"s": {"SS": ["ab", "ü"]}}, 1 + 2 + 2),
        ({"b": {"BS": [b"ab", b"c"]}}, 1 + 2 + 1),
        ({"n": {"NS": ["12", "345"]}}, 1 + 2 + 3),
        ({"m": {"M": {"s": {"S": "xy"}}}}, 1 + 3 + 1 + 1 + 2),
        ({"l": {"L": [{"BOOL": True}, {"NULL": True}]}}, 1 + 3 + 2 + 2),
    ],
)
def test_the_size_of_an_item_is_that_of_the_developer_guide(item: dict[str, Any], size: int) -> None:
    assert item_bytes(item) == size


@pytest.mark.parametrize(("size", "units"), [(1, 1), (1_024, 1), (1_025, 2)])
def test_a_begun_kilobyte_is_a_unit(size: int, units: int) -> None:
    assert write_units(item_bytes({"b": {"B": bytes(size - 1)}})) == units


def test_a_packed_item_takes_a_unit_in_the_table_and_in_each_index() -> None:
    """Of rows that the dictionary was not trained on; all rows of the sample file are `make bench-item`."""
    found = sizes(made_events(2_000))
    assert found[ItemForm.TEXT].units == 6
    packed = found[ItemForm.PACKED]
    assert packed.holds
    assert (packed.units, packed.within_a_unit) == (3, 1)
    assert packed.mean < 0.45 * found[ItemForm.TEXT].mean
