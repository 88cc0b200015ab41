"""Fields in which two events differ, as the client names them."""

from typing import Any

import pytest
from pydantic_core import from_json

from tests.builders import encoded, request
from txn_api.reads.differences import differing_fields


def event(**changes: Any) -> dict[str, Any]:
    """An event as it is stored."""
    version = changes.pop("event_schema", 1)
    document: dict[str, Any] = from_json(encoded(request(**changes), event_schema=version).data)
    return document


FIRST = event(customer={"first_name": "Ada", "city": None})


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, []),
        ({"amount_minor": 1, "currency": "EUR"}, ["amount_minor", "currency"]),
        ({"customer": {"first_name": "Ada", "city": "Lima"}}, ["customer.city"]),
        ({"customer": None}, ["customer.first_name"]),
        ({"merchant": {"name": "Elsewhere"}}, ["merchant.name"]),
        ({"card_number": "4242424242424242"}, ["card_id"]),
        ({"terminal": {"terminal_id": "T1"}}, ["terminal.terminal_id"]),
        ({"mcc": "5411", "metadata": {"a": "b"}}, ["mcc", "metadata"]),
        ({"merchant": {"name": "Rippin, Kub and Mann", "country": "DE"}}, ["merchant.country"]),
        ({"occurred_at": "2019-01-01T01:00:18+01:00", "event_schema": 2}, []),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], fields: list[str]) -> None:
    """Inner fields with a dot; what the service adds is not the client's."""
    other = event(**{"customer": {"first_name": "Ada"}, **changes})
    assert differing_fields(FIRST, other) == differing_fields(other, FIRST) == fields


def test_an_id_that_both_know_stands_for_the_card() -> None:
    """After a compromise of the card key, events carry the ids of before."""
    other = FIRST | {"card_id": "card_2_new", "card_aliases": [FIRST["card_id"]]}
    assert differing_fields(FIRST, other) == []
    assert differing_fields(FIRST, other | {"card_aliases": []}) == ["card_id"]
