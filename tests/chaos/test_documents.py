"""What is posted, and what is expected of it."""

import json
from itertools import islice

import pytest

from tests.builders import CARD_KEY, encoded
from tests.chaos.documents import content_of, documents
from txn_core.exceptions import TxnError
from txn_core.transactions.reading import read_submission
from txn_core.transactions.transaction import parse_transaction

TODAY = "2026-01-02"
COUNT = 400
DERIVED = {"schema", "account", "card_masked", "customer_id", "merchant_id", "accepted_at"}


def test_a_seed_decides_the_documents() -> None:
    assert list(islice(documents(3), COUNT)) == list(islice(documents(3), COUNT))
    assert list(islice(documents(3), COUNT)) != list(islice(documents(4), COUNT))


def test_every_kind_is_posted() -> None:
    assert {posted.kind for posted in islice(documents(1), COUNT)} == {"new", "again", "conflict", "wrong"}


def test_what_is_expected_is_what_an_event_holds() -> None:
    for posted in islice(documents(2), COUNT):
        if posted.kind == "wrong":
            continue
        event = encoded(parse_transaction(json.dumps(posted.document).encode()))
        fields = json.loads(event.data)
        assert {name: fields[name] for name in fields.keys() - DERIVED} == content_of(posted.document, CARD_KEY)


def test_what_is_wrong_is_refused_by_the_rules() -> None:
    for posted in islice(documents(2), COUNT):
        body = json.dumps(posted.document).encode()
        if posted.kind == "wrong":
            with pytest.raises(TxnError):
                read_submission(body, None, request_text="", today=TODAY)
