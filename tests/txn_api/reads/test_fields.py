"""The fields that a client wants."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from tests.builders import body, encoded, full_body, payment_fields
from txn_api.reads.csv_rows import row
from txn_api.reads.fields import (
    AMOUNT,
    EVERYTHING,
    FIELDS_CHARS_MAX,
    MEMBERS,
    NAMES,
    PERSONAL,
    known_fields,
    selection_of,
)
from txn_api.reads.json_rows import document, impersonal, selected
from txn_core.transactions.event import LATER_FIELDS

FULL = full_body(merchant={"name": "Kub", "country": "DE"}, occurred_at="2019-01-01T01:00:18+01:00")
EVENTS = [
    encoded(**full_body()).data.decode(),
    encoded(**body()).data.decode(),
    encoded(**FULL, **payment_fields(), event_schema=2).data.decode(),
]


def with_nulls(whole: dict[str, Any]) -> dict[str, Any]:
    """A document with a null for each member that came with a later version and is absent."""
    document = {name: whole.get(name) for name in MEMBERS}
    document["merchant"] = {name: whole["merchant"].get(name) for name in MEMBERS["merchant"]}
    return document


def picked(fields: list[str], whole: dict[str, Any]) -> dict[str, Any]:
    """What a selection is, said in another way."""
    result: dict[str, Any] = {}
    for name, value in whole.items():
        inner = [field.partition(".")[2] for field in fields if field.startswith(f"{name}.")]
        if name in fields or (inner and value is None):
            result[name] = value
        elif inner:
            result[name] = {part: value[part] for part in value if part in inner}
    return result


@given(st.lists(st.sampled_from(sorted(NAMES - {AMOUNT})), min_size=1, max_size=8), st.sampled_from(EVENTS))
def test_a_selection_is_a_part_of_the_document(fields: list[str], event: str) -> None:
    """What was asked for, in the document's own order, with the document's own values."""
    part = selected(event, [], selection_of(known_fields(",".join(fields))))
    whole = with_nulls(json.loads(document(event, [])))
    assert json.loads(part) == picked(fields, whole)
    order = list(whole)
    assert list(json.loads(part)) == sorted(json.loads(part), key=order.index)


@pytest.mark.parametrize("event", EVENTS)
def test_nobody_is_named_without_the_right(event: str) -> None:
    """A whole document and a selection lack the same fields, and those alone; a part of nothing else is nothing."""
    assert PERSONAL["customer"] <= set(MEMBERS["customer"])
    whole = json.loads(document(event, []))
    if whole["customer"] is not None:
        whole["customer"] = {k: v for k, v in whole["customer"].items() if k not in PERSONAL["customer"]}
    assert json.loads(document(impersonal(event), [])) == whole
    assert json.loads(selected(event, [], EVERYTHING.impersonal())) == with_nulls(whole)
    assert selected(event, [], selection_of("customer.street").impersonal()) == "{}"


@pytest.mark.parametrize("event", EVENTS)
def test_all_members_are_the_document(event: str) -> None:
    """The members are those that a document has, one for one, with null for what it says nothing of."""
    whole = json.loads(document(event, []))
    assert list(whole) == [name for name in MEMBERS if name in whole]
    assert set(MEMBERS) - set(whole) <= LATER_FIELDS
    whole = with_nulls(whole)
    assert json.loads(selected(event, [], selection_of(",".join(MEMBERS)))) == whole
    assert json.loads(selected(event, [], EVERYTHING)) == whole


def test_a_document_is_its_event_but_for_the_version() -> None:
    """Of either version, without a parser."""
    for version, event in zip((1, 1, 2), EVENTS, strict=True):
        assert json.loads(document(event, [])) == {
            name: value for name, value in {**json.loads(event), "conflicts": []}.items() if name != "schema"
        }
        assert document(event, []) == "{" + event.removeprefix(f'{{"schema":{version},')[:-1] + ',"conflicts":[]}'


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "amounts", "amount_minor,", "amount_minor ", "Amount_minor", "merchant.", "merchant.name.x"),
        *(".name", "name", "schema", "schema_version", "card_number", "customer.card_number"),
        "conflicts.accepted_at",
    ],
)
def test_an_unknown_name_is_refused(text: str) -> None:
    """One of them is enough, and none is guessed."""
    for fields in (text, f"amount_minor,{text}", f"{text},amount_minor"):
        with pytest.raises(PydanticCustomError, match="not part of the contract"):
            known_fields(fields)


def test_all_names_fit_into_the_bound() -> None:
    """Who asks for everything by name may."""
    assert len(",".join(NAMES)) <= FIELDS_CHARS_MAX
    assert known_fields(",".join(NAMES))


def test_an_older_event_that_lacks_a_field_has_none_of_it() -> None:
    """Readers accept every version ever written."""
    event = {"transaction_id": "a", "merchant": {"name": "b"}}
    fields = "transaction_id,is_fraud,merchant.category,customer.city"
    assert json.loads(selected(json.dumps(event), [], selection_of(fields))) == {
        "transaction_id": "a",
        "is_fraud": None,
        "merchant": {"category": None},
        "customer": None,
    }


def test_an_amount_is_made_for_whoever_names_it() -> None:
    """Behind the minor units, whatever the order of the names; as text in JSON, as a number in a table."""
    refund = json.loads(encoded(**full_body()).data) | {"type": "refund", "amount_minor": 1230, "currency": "EUR"}
    selection = selection_of("currency,amount,amount_minor")
    assert json.loads(selected(json.dumps(refund), [], selection)) == {
        "amount_minor": 1230,
        "amount": "-12.30",
        "currency": "EUR",
    }
    assert list(selection.members) == ["amount_minor", "amount", "currency"]
    assert row(selection.columns(), refund, 0) == '1230,-12.30,"EUR"\r\n'
    withdrawn = refund | {"currency": "DEM"}
    assert json.loads(selected(json.dumps(withdrawn), [], selection))["amount"] is None
    assert row(selection.columns(), withdrawn, 0) == '1230,,"DEM"\r\n'
    assert AMOUNT not in EVERYTHING.members
    assert json.loads(selected('{"transaction_id":"a"}', [], selection))["amount"] is None
