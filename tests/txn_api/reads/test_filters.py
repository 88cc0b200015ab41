"""What rows are held against, apart from where they come from."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from tests.builders import ACCEPTED_AT, encoded, full_body, request
from txn_api.reads.filters import FilterParameters
from txn_core.dynamodb.ranges import Row, SortKey

GIVEN: dict[str, tuple[Any, ...]] = {
    "type": ("purchase", "refund"),
    "category": ("misc_net", "Misc_net", "=1"),
    "currency": ("USD", "EUR"),
    "amount_min": (0, 497, 498),
    "amount_max": (0, 496, 497),
    "terminal_id": ("T0000042", "T1"),
    "entry_mode": ("contactless", "chip"),
}
PARAMETERS = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in GIVEN.items()})
EVENT: dict[str, Any] = {
    "type": "purchase",
    "amount_minor": 497,
    "currency": "USD",
    "merchant": {"category": "misc_net"},
    "terminal": {"terminal_id": "T0000042", "entry_mode": "contactless"},
}


@given(asked=PARAMETERS, category=st.sampled_from([None, "misc_net"]), has_terminal=st.booleans())
def test_all_filters_hold_at_once(asked: dict[str, Any], category: str | None, *, has_terminal: bool) -> None:
    """What a row does not have is equal to nothing."""
    terminal = EVENT["terminal"] if has_terminal else None
    event = EVENT | {"merchant": {"category": category}, "terminal": terminal}
    found = {
        **EVENT,
        "category": category,
        **(terminal or {"terminal_id": None, "entry_mode": None}),
    }
    expected = [found[name] == value for name, value in asked.items() if not name.startswith("amount_")]
    expected += [asked.get("amount_min", 0) <= 497 <= asked.get("amount_max", 497)]
    wanted = FilterParameters(**asked).filter()
    assert (wanted is None) == (not asked)
    if wanted is not None:
        assert wanted.admitted([Row(SortKey("sort"), to_json(event).decode())]) == [all(expected)]


@given(one=PARAMETERS, other=PARAMETERS)
def test_a_cursor_is_bound_to_the_filters(one: dict[str, Any], other: dict[str, Any]) -> None:
    bound = [FilterParameters(**asked).filters_bound() for asked in (one, other)]
    assert (bound[0] == bound[1]) == (one == other)
    assert FilterParameters().filters_bound() == ""  # cursors of before there were filters are still good


@pytest.mark.parametrize(("least", "greatest", "is_reversed"), [(1, 0, True), (0, 0, False), (5, None, False)])
def test_amounts_are_held_to_their_order(least: int, greatest: int | None, *, is_reversed: bool) -> None:
    assert bool(FilterParameters(amount_min=least, amount_max=greatest).reversed_amounts()) == is_reversed


def test_events_as_they_are_written_are_filtered() -> None:
    """Each filter admits the event of a request that has its value."""
    data = encoded(request(**full_body()), accepted_at=ACCEPTED_AT).data.decode()
    for name, (value, *_) in (GIVEN | {"amount_min": (497,), "amount_max": (497,)}).items():
        wanted = FilterParameters(**{name: value}).filter()
        assert wanted is not None
        assert wanted.admitted([Row(SortKey("sort"), data)]) == [True]
