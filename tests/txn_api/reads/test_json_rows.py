"""Transactions as clients read them."""

import json

from hypothesis import given

from tests.builders import ACCEPTED_AT, encoded, full_body, json_bytes, position
from tests.txn_core.strategies import bodies
from txn_api.reads.json_rows import document, page
from txn_core.positions import WriteOrder
from txn_core.transactions.transaction import parse_transaction


@given(bodies())
def test_a_document_is_its_event_without_the_schema(body: dict[str, object]) -> None:
    """Assembled from bytes, it is the JSON that rebuilding would give."""
    event = encoded(parse_transaction(json_bytes(body))).data.decode()
    expected = json.loads(event)
    del expected["schema"]
    assert json.loads(document(event, [])) == expected | {"conflicts": []}


def test_conflicts_stand_in_their_order() -> None:
    """Each by its place on the stream."""
    event = encoded(**full_body()).data.decode()
    orders = [WriteOrder.of(ACCEPTED_AT, position(number, number + 1)).text for number in (5, 12)]
    found = json.loads(document(event, orders))["conflicts"]
    assert [(conflict["sequence_number"], conflict["sub_sequence_number"]) for conflict in found] == [
        ("5", 6),
        ("12", 13),
    ]


def test_an_event_that_another_wrote_reads_alike() -> None:
    """Other spacing, other order, white space behind: the same document."""
    event = encoded(**full_body()).data.decode()
    fields = json.loads(event)
    expected = json.loads(document(event, []))
    for other in (json.dumps(fields, indent=2), json.dumps(dict(reversed(fields.items()))), event + "\r\n"):
        assert json.loads(document(other, [])) == expected


def test_a_page_is_json() -> None:
    """Empty, last and with a cursor."""
    assert json.loads(page([], has_more=False, next_cursor=None)) == {
        "data": [],
        "has_more": False,
        "next_cursor": None,
    }
    assert json.loads(page(['{"a":1}', '{"b":"ä"}'], has_more=True, next_cursor="abc_-")) == {
        "data": [{"a": 1}, {"b": "ä"}],
        "has_more": True,
        "next_cursor": "abc_-",
    }
