"""The payment fields: their rules, on both ways of parsing."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import body, card_number, full_body, issued_card_number, json_bytes, payment_fields
from tests.txn_core.strategies import bodies, payments
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.fast_path import fast_fields, fast_submission
from txn_core.transactions.faults import MESSAGES
from txn_core.transactions.payment_fields import METADATA_PAIRS_MAX, METADATA_VALUE_CHARS_MAX, PAYMENT_FIELDS
from txn_core.transactions.reading import read_submission
from txn_core.transactions.submission import Submission

TODAY = "2026-01-02"
CARD = card_number(1234)
OTHER = issued_card_number(987_654_321)
FULL_WIDTH, ARABIC = ({48 + digit: zero + digit for digit in range(10)} for zero in (0xFF10, 0x0660))
"""Digits of other scripts, for `str.translate`."""
AMOUNT = ("cardholder_amount_minor", "cardholder_currency")


def read(document: object) -> Submission:
    """What is made of a document; the fast path and the parser give the same, or one of them takes it alone."""
    data = document if isinstance(document, bytes) else json_bytes(document)
    fields = fast_fields(data)
    told: list[Any] = []
    for given_fields in (fields, None):
        try:
            told.append(read_submission(data, given_fields, request_text="", today=TODAY))
        except InvalidTransactionError as error:
            told.append(error.faults)
    assert told[0] == told[1]
    if isinstance(told[0], Submission):
        return told[0]
    raise InvalidTransactionError(*told[0])


def faults_of(document: object) -> list[tuple[str, str]]:
    try:
        read(document)
    except InvalidTransactionError as error:
        return [(fault.pointer, fault.code) for fault in error.faults]
    return []


def goes_fast(document: object) -> bool:
    """Whether the fast path takes a document by itself."""
    fields = fast_fields(json_bytes(document))
    return fields is not None and fast_submission(fields, TODAY) is not None


def in_germany(**changes: Any) -> dict[str, Any]:
    return full_body(merchant={"name": "Kub", "country": "DE"}, **changes)


@given(bodies(), payments())
@settings(max_examples=80)
def test_both_ways_of_parsing_give_the_same(document: dict[str, Any], payment: dict[str, Any]) -> None:
    """Whatever fits the rules; what says nothing is left out, and the rest is there as it was sent."""
    said = {name: value for name, value in payment.items() if value is not None and value != {}}
    submission = read(document | payment)
    fields = json.loads(submission.client_fields)
    assert {name: fields[name] for name in PAYMENT_FIELDS if name in fields} == said
    assert submission.event_schema == (2 if said else 1)


@pytest.mark.parametrize(
    "document",
    [
        body(**payment_fields()),
        in_germany(**payment_fields()),
        in_germany(),
        body(transaction_id="Ab-_09"),
        *(body(**{name: value}) for name, value in payment_fields().items() if name not in AMOUNT),
        body(**payment_fields(metadata={f"name.{n}": f"value: {n}" for n in range(METADATA_PAIRS_MAX)})),
        body(customer={}, terminal={}, merchant={"name": "Kub", "category": None, "country": "DE"}),
    ],
)
def test_usual_bodies_go_the_fast_way(document: dict[str, Any]) -> None:
    """In plain ASCII and UTC, with and without each field."""
    assert goes_fast(document)
    assert read(document).event_schema == 2
    assert read(json.dumps(document, indent=2).encode()) == read(document)


@pytest.mark.parametrize("name", [*PAYMENT_FIELDS, "country"])
def test_null_is_absent(name: str) -> None:
    """The same bytes, and an event of version 1."""
    document = body(merchant={"name": "Kub", "country": None}) if name == "country" else body(**{name: None})
    without = body(merchant={"name": "Kub"}) if name == "country" else body()
    assert read(document) == read(without)
    assert read(document).event_schema == 1
    assert read(body(metadata={})) == read(body())


BAD: list[tuple[dict[str, Any], str, str]] = [
    *((body(mcc=mcc), "/mcc", "mcc_format") for mcc in ("", "541", "54111", "54 1", "541a", "\u0661" * 4, "5411\n")),
    (body(mcc=5411), "/mcc", "string_required"),
    *(
        (body(authorization_code=text), "/authorization_code", "authorization_code_format")
        for text in ("12345", "1234 6")
    ),
    *(
        (body(retrieval_reference_number=text), "/retrieval_reference_number", "retrieval_reference_format")
        for text in ("0" * 11, "0" * 13, "00000000000-")
    ),
    *(
        (body(system_trace_audit_number=text), "/system_trace_audit_number", "trace_number_format")
        for text in ("42", "0000042", "00004a")
    ),
    *((body(acquirer_id=text), "/acquirer_id", "acquirer_id_format") for text in ("", "1" * 12, "12a")),
    *(
        (body(card_acceptor_id=text), "/card_acceptor_id", "card_acceptor_id_format")
        for text in ("", " ", " A", "A ", "A" * 16, "A\tB", "Caf\u00e9", "A\n")
    ),
    *(
        (body(merchant={"name": "Kub", "country": code}), "/merchant/country", "country_unknown")
        for code in ("", "de", "DEU", "276", "UK", "EU", "XK", "ZZ")
    ),
    (body(merchant={"name": "Kub", "country": 276}), "/merchant/country", "string_required"),
    (body(**payment_fields(cardholder_amount_minor=-1)), "/cardholder_amount_minor", "number_out_of_range"),
    (body(**payment_fields(cardholder_amount_minor=4.5)), "/cardholder_amount_minor", "integer_required"),
    (body(**payment_fields(cardholder_currency="XXX")), "/cardholder_currency", "currency_unknown"),
    (body(cardholder_amount_minor=0), "", "cardholder_amount_incomplete"),
    (body(cardholder_currency="EUR"), "", "cardholder_amount_incomplete"),
    (body(metadata=[]), "/metadata", "object_required"),
    (body(metadata="x"), "/metadata", "object_required"),
    (body(metadata={"a": 1}), "/metadata", "string_required"),
    (body(metadata={"a": None}), "/metadata", "string_required"),
    (body(metadata={"a": {"b": "c"}}), "/metadata", "string_required"),
    (body(metadata={"a": ["b"]}), "/metadata", "string_required"),
    (body(metadata={"a": ""}), "/metadata", "text_too_short"),
    (body(metadata={"a": "  "}), "/metadata", "text_blank"),
    (body(metadata={"a": "x" * (METADATA_VALUE_CHARS_MAX + 1)}), "/metadata", "text_too_long"),
    (body(metadata={"a": "b\u202ec"}), "/metadata", "control_character"),
    *(
        (body(metadata={name: "x"}), "/metadata", "metadata_name_format")
        for name in ("", "1a", "_a", "a b", "a" * 41, "a/b", "caf\u00e9", "a\n")
    ),
    (body(metadata={f"n{n}": "x" for n in range(METADATA_PAIRS_MAX + 1)}), "/metadata", "too_many_pairs"),
    (body(metadata={f"n{n}": "x" for n in range(3_000)}), "/metadata", "too_many_pairs"),
    (
        body(metadata={f"n{n}": "\U0001f600" * METADATA_VALUE_CHARS_MAX for n in range(7)}),
        "/metadata",
        "metadata_too_large",
    ),
    *(
        (body(metadata={name: "123"}), "/metadata", "sensitive_authentication_data")
        for name in ("cvv", "card.CVC2", "PIN", "track_2")
    ),
]


@pytest.mark.parametrize(("document", "pointer", "code"), BAD)
def test_each_broken_rule_is_told_by_pointer_and_code(document: dict[str, Any], pointer: str, code: str) -> None:
    """One fault at the field, whichever way; of metadata no name is repeated, since names are the client's."""
    assert set(faults_of(document)) == {(pointer, code)}
    assert code in MESSAGES
    assert not goes_fast(document)


@pytest.mark.parametrize(
    "document",
    [
        body(card_acceptor_id="A"),
        body(card_acceptor_id='"\\{}[]:,/~!#$ &'),
        body(acquirer_id="0"),
        body(**payment_fields(cardholder_amount_minor=0, cardholder_currency="JPY")),
        body(**payment_fields(cardholder_amount_minor=999_999_999_999)),
        body(metadata={"a" * 40: "x" * METADATA_VALUE_CHARS_MAX, "Shopping": "\U0001f600"}),
        body(metadata={f"{'n' * 38}{n}": "x" * METADATA_VALUE_CHARS_MAX for n in range(10, 10 + METADATA_PAIRS_MAX)}),
        body(metadata={f"n{n}": "\U0001f600" * METADATA_VALUE_CHARS_MAX for n in range(6)}),
        body(metadata={"a": 'say "x": {y}'}),
    ],
)
def test_the_bounds_themselves_are_inside(document: dict[str, Any]) -> None:
    """The largest and the smallest are taken."""
    assert faults_of(document) == []


def test_a_name_that_comes_twice_is_refused() -> None:
    """In metadata as in any object, also where the values are the same."""
    data = json_bytes(body(metadata={"a": "1", "b": "1"})).replace(b'"b":', b'"a":')
    assert faults_of(data) == [("/metadata", "name_duplicated")]
    twice = json_bytes(body(mcc="5411"))[:-1] + b',"mcc":"5411"}'
    assert faults_of(twice) == [("/mcc", "name_duplicated")]


@pytest.mark.parametrize(
    "pairs",
    [
        {"a": OTHER},
        {"a": f"{OTHER[:4]} {OTHER[4:8]}-{OTHER[8:12]}.{OTHER[12:]}"},
        {"a": "x", "b": f"%B{CARD}^BANKS/JENNIFER^29121010000"},
        {f"card.{OTHER}": "x"},
        {f"card_{OTHER[:4]}-{OTHER[4:8]}-{OTHER[8:12]}-{OTHER[12:]}": "x"},
        {"a": "".join(chr(0xFF10 + int(digit)) for digit in OTHER)},
    ],
)
def test_no_card_number_gets_into_metadata(pairs: dict[str, str]) -> None:
    """Neither as a value nor as a name, however it is grouped, and whose ever it is."""
    assert set(faults_of(body(metadata=pairs))) == {("/metadata", "card_number_misplaced")}


@pytest.mark.parametrize(
    "document",
    [
        body(card_number=CARD, metadata={"a": CARD}),
        body(card_number=CARD, metadata={f"n{CARD}": "x"}),
        body(card_number=CARD, metadata={f"n{CARD[:8]}": CARD[8:]}),
        body(card_number=CARD, metadata={f"n-{CARD[:8]}_": f" {CARD[8:]}"}),
        *(
            body(card_number=CARD, metadata={f"n.{CARD[:8]}": text})
            for text in (CARD[8:].translate(FULL_WIDTH), CARD[8:].translate(ARABIC), f"{CARD[8:12]}\u200b{CARD[12:]}")
        ),
        body(card_number=CARD, metadata={f"n.{CARD[:-1]}": f"\u00a0{CARD[-1]}"}),
        body(card_number=card_number(5, length=15), card_acceptor_id=card_number(5, length=15)),
        body(card_number=card_number(5, length=12), retrieval_reference_number=card_number(5, length=12)),
        body(card_number=card_number(5, length=10), acquirer_id=card_number(5, length=10)),
    ],
)
def test_a_requests_own_number_stands_in_its_place_alone(document: dict[str, Any]) -> None:
    """No later field holds it, ids included, nor do a name of metadata and its value together."""
    [(pointer, code)] = set(faults_of(document))
    assert code == "card_number_misplaced"
    assert pointer[1:] in document
    assert pointer != "/card_number"


def test_a_short_own_number_is_found_in_the_cardholders_amount() -> None:
    """As in the amount itself."""
    short = card_number(5, length=8)
    document = body(card_number=short, **payment_fields(cardholder_amount_minor=int(f"1{short}0")))
    assert faults_of(document) == [("/cardholder_amount_minor", "card_number_misplaced")]


def test_an_old_door_names_each_field_that_it_cannot_take() -> None:
    """By its place, never by its value; an offset alone is none of them."""
    document = in_germany(**payment_fields(), transaction_id="Ab-_09")
    with pytest.raises(InvalidTransactionError) as caught:
        read(document).refuse_under_schema_1()
    assert {fault.code for fault in caught.value.faults} == {"not_accepted_yet"}
    told = [fault.pointer for fault in caught.value.faults]
    assert told == [*(f"/{name}" for name in PAYMENT_FIELDS), "/merchant/country", "/transaction_id"]
    assert read(body(occurred_at="2019-01-01T01:00:18+01:00")).event_schema == 1


@given(st.integers(-1439, 1439))
@settings(max_examples=40)
def test_an_offset_is_read_in_minutes(minutes: int) -> None:
    """East of Greenwich positive, as it is written."""
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    assert read(body(occurred_at=f"2019-01-03T00:00:18{sign}{hours:02}:{rest:02}")).offset_minutes == minutes
