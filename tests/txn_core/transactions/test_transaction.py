"""The transaction as a client sends it: every rule that a field alone can be held to."""

import json
import pickle
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from tests.builders import body, card_number, customer, full_body, json_bytes, request
from tests.txn_core.strategies import bodies
from txn_core.exceptions import InvalidTransactionError, MalformedJsonError, TxnError
from txn_core.transactions.faults import MESSAGES, Fault
from txn_core.transactions.instants import instant_of, now
from txn_core.transactions.transaction import (
    AMOUNT_MINOR_MAX,
    FAULTS_MAX,
    TransactionRequest,
    parse_transaction,
    refuse_future,
)

CARD = card_number(1234)


def faults_of(document: object) -> set[tuple[str, str]]:
    """What is wrong with a document; empty when nothing is."""
    try:
        parse_transaction(json_bytes(document))
    except InvalidTransactionError as error:
        return {(fault.pointer, fault.code) for fault in error.faults}
    return set()


def faults_in(document: object) -> list[tuple[str, str]]:
    """The same in their order, equal ones included."""
    with pytest.raises(InvalidTransactionError) as caught:
        parse_transaction(json_bytes(document))
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def merchant(**changes: Any) -> dict[str, Any]:
    return body(merchant={"name": "Kub", **changes})


def of_customer(**changes: Any) -> dict[str, Any]:
    return body(customer=customer(**changes))


def terminal(**changes: Any) -> dict[str, Any]:
    return body(terminal={"terminal_id": "T1", **changes})


def test_the_smallest_body_passes_and_says_no_more_than_it_was_told() -> None:
    """Five fields and an id are enough; the type is a purchase, the rest is absent."""
    parsed = request()
    assert (parsed.type, parsed.amount_minor, parsed.currency) == ("purchase", 497, "USD")
    assert parsed.occurred_at == "2019-01-01T00:00:18.000000Z"
    assert (parsed.customer, parsed.terminal, parsed.is_fraud) == (None, None, None)


def test_a_body_with_every_field_passes() -> None:
    """The example of the design is sound."""
    assert faults_of(full_body()) == set()


@given(bodies())
@settings(max_examples=60)
def test_whatever_fits_the_rules_passes(document: dict[str, Any]) -> None:
    """Bodies drawn from the rules are taken, escaped or not, and keep their values."""
    parsed = parse_transaction(json_bytes(document))
    assert parsed == parse_transaction(json_bytes(document, ascii_only=True))
    assert parsed.merchant.name == document["merchant"]["name"]
    assert parsed.amount_minor == document["amount_minor"]
    assert parsed.card_number.digits_for_identity() == document["card_number"]


@pytest.mark.parametrize("field", ["card_number", "amount_minor", "currency", "occurred_at", "merchant"])
def test_required_fields_are_missed(field: str) -> None:
    """Leaving out a required field is that field's fault, and null is no value for it."""
    assert faults_of(body(**{field: ...})) == {(f"/{field}", "field_required")}
    assert [pointer for pointer, _ in faults_of(body(**{field: None}))] == [f"/{field}"]


def test_the_id_is_not_the_models_to_require() -> None:
    """An Idempotency-Key may stand for the transaction id, so the body alone may lack it."""
    assert faults_of(body(transaction_id=...)) == set()


BAD_FIELDS: list[tuple[dict[str, Any], str, str]] = [
    (body(transaction_id="a" * 5), "/transaction_id", "id_format"),
    (body(transaction_id="a" * 65), "/transaction_id", "id_format"),
    (body(transaction_id="abcdefg#"), "/transaction_id", "id_format"),
    (body(transaction_id="abcdefgh\n"), "/transaction_id", "id_format"),
    (body(transaction_id="abcdefg\u00e4"), "/transaction_id", "id_format"),
    (body(transaction_id="\u0661" * 8), "/transaction_id", "id_format"),
    (body(transaction_id=12345678), "/transaction_id", "string_required"),
    (body(type="chargeback"), "/type", "value_not_allowed"),
    (body(type="Purchase"), "/type", "value_not_allowed"),
    (body(type="refund"), "", "original_required"),
    (body(type="reversal"), "", "original_required"),
    (body(original_transaction_id="abcdefgh"), "", "original_unexpected"),
    (body(type="refund", original_transaction_id="short"), "/original_transaction_id", "id_format"),
    (body(card_number=int(CARD)), "/card_number", "string_required"),
    (body(card_number=float(CARD)), "/card_number", "string_required"),
    (body(card_number=[CARD]), "/card_number", "string_required"),
    (body(card_number=f"{CARD[:4]} {CARD[4:]}"), "/card_number", "card_number_format"),
    (body(card_number=CARD[:7]), "/card_number", "card_number_format"),
    (body(card_number=CARD[:-1] + str((int(CARD[-1]) + 1) % 10)), "/card_number", "card_number_luhn"),
    (body(amount_minor=-1), "/amount_minor", "number_out_of_range"),
    (body(amount_minor=AMOUNT_MINOR_MAX + 1), "/amount_minor", "number_out_of_range"),
    (body(amount_minor=10**30), "/amount_minor", "number_out_of_range"),
    (body(amount_minor=4.97), "/amount_minor", "integer_required"),
    (body(amount_minor=497.0), "/amount_minor", "integer_required"),
    (body(amount_minor="497"), "/amount_minor", "integer_required"),
    (body(amount_minor=True), "/amount_minor", "integer_required"),
    (body(currency="usd"), "/currency", "currency_unknown"),
    (body(currency="USDX"), "/currency", "currency_unknown"),
    (body(currency="XXX"), "/currency", "currency_unknown"),
    (body(currency="XAU"), "/currency", "currency_unknown"),
    (body(currency="ZZZ"), "/currency", "currency_unknown"),
    (body(currency=""), "/currency", "currency_unknown"),
    (body(currency=840), "/currency", "string_required"),
    (body(occurred_at="2019-01-01T00:00:18"), "/occurred_at", "timestamp_offset_required"),
    (body(occurred_at="2019-01-01 00:00:18Z"), "/occurred_at", "timestamp_format"),
    (body(occurred_at=1546300818), "/occurred_at", "string_required"),
    (body(occurred_at="1969-12-31T23:59:59Z"), "/occurred_at", "timestamp_out_of_range"),
    (body(merchant="Kub"), "/merchant", "object_required"),
    (body(merchant=["Kub"]), "/merchant", "object_required"),
    (body(merchant={}), "/merchant/name", "field_required"),
    (merchant(name=None), "/merchant/name", "string_required"),
    (merchant(name=""), "/merchant/name", "text_too_short"),
    (merchant(name="  \u3000"), "/merchant/name", "merchant_name_blank"),
    (merchant(name="\u200b\u2060\ufeff"), "/merchant/name", "merchant_name_blank"),
    (merchant(name="\u3164 \u00ad"), "/merchant/name", "merchant_name_blank"),
    (merchant(name="\u2800"), "/merchant/name", "merchant_name_blank"),
    (merchant(name="\u0600"), "/merchant/name", "merchant_name_blank"),
    (merchant(category=" "), "/merchant/category", "text_blank"),
    (merchant(category="\u200d"), "/merchant/category", "text_blank"),
    *[
        (of_customer(**{name: text}), f"/customer/{name}", "text_blank")
        for name in (
            *("reference", "first_name", "last_name", "gender", "job", "street", "city", "state", "postal_code"),
        )
        for text in (" ", "\u200b \ufe0f", "\U000e0020\u2800")
    ],
    (merchant(name="x" * 101), "/merchant/name", "text_too_long"),
    (merchant(name="\ufdfa" * 100), "/merchant/name", "text_too_long"),
    (merchant(name="a\u0000b"), "/merchant/name", "control_character"),
    (merchant(name="a\nb"), "/merchant/name", "control_character"),
    (merchant(name="a\u0085b"), "/merchant/name", "control_character"),
    (merchant(category="x" * 65), "/merchant/category", "text_too_long"),
    (merchant(latitude=90.0000001), "/merchant/latitude", "number_out_of_range"),
    (merchant(latitude=-91), "/merchant/latitude", "number_out_of_range"),
    (merchant(longitude=180.5), "/merchant/longitude", "number_out_of_range"),
    (merchant(longitude=-181), "/merchant/longitude", "number_out_of_range"),
    (merchant(latitude=float("nan")), "/merchant/latitude", "not_finite"),
    (merchant(latitude="36.0"), "/merchant/latitude", "number_required"),
    (merchant(latitude=True), "/merchant/latitude", "number_required"),
    (body(customer=[]), "/customer", "object_required"),
    (body(customer="x"), "/customer", "object_required"),
    *[
        (of_customer(**{name: "x" * (length + 1)}), f"/customer/{name}", "text_too_long")
        for name, length in [
            ("reference", 64),
            ("first_name", 100),
            ("last_name", 100),
            ("gender", 16),
            ("job", 200),
            ("street", 200),
            ("city", 100),
            ("state", 64),
            ("postal_code", 16),
        ]
    ],
    (of_customer(first_name=""), "/customer/first_name", "text_too_short"),
    (of_customer(street="a\tb"), "/customer/street", "control_character"),
    (of_customer(reference="a\u0000b"), "/customer/reference", "control_character"),
    *[
        (wrong, pointer, "control_character")
        for code in (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
        for wrong, pointer in (
            (merchant(name=f"Kub{chr(code)}"), "/merchant/name"),
            (merchant(category=f"{chr(code)}misc"), "/merchant/category"),
            (of_customer(street=f"a{chr(code)}b"), "/customer/street"),
            (of_customer(reference=f"a{chr(code)}b"), "/customer/reference"),
        )
    ],
    (of_customer(postal_code=28654), "/customer/postal_code", "string_required"),
    (of_customer(date_of_birth="1988-3-9"), "/customer/date_of_birth", "date_format"),
    (of_customer(date_of_birth="1988-02-30"), "/customer/date_of_birth", "date_format"),
    (of_customer(date_of_birth="19880309"), "/customer/date_of_birth", "date_format"),
    (of_customer(date_of_birth="1849-12-31"), "/customer/date_of_birth", "date_out_of_range"),
    (of_customer(date_of_birth="9999-12-31"), "/customer/date_of_birth", "date_out_of_range"),
    (of_customer(latitude=91), "/customer/latitude", "number_out_of_range"),
    (of_customer(longitude=-200.0), "/customer/longitude", "number_out_of_range"),
    (of_customer(city_population=-1), "/customer/city_population", "number_out_of_range"),
    (of_customer(city_population=100_000_001), "/customer/city_population", "number_out_of_range"),
    (of_customer(city_population=1.0), "/customer/city_population", "integer_required"),
    (terminal(terminal_id="T" * 33), "/terminal/terminal_id", "terminal_id_format"),
    (terminal(terminal_id="T 1"), "/terminal/terminal_id", "terminal_id_format"),
    (terminal(entry_mode="swipe"), "/terminal/entry_mode", "value_not_allowed"),
    (body(is_fraud=0), "/is_fraud", "boolean_required"),
    (body(is_fraud="false"), "/is_fraud", "boolean_required"),
    (body(surprise=1), "", "field_unknown"),
    (merchant(id="x"), "/merchant", "field_unknown"),
    (of_customer(phone="x"), "/customer", "field_unknown"),
    (terminal(serial="x"), "/terminal", "field_unknown"),
    (body(account="acme"), "", "field_unknown"),
]


@pytest.mark.parametrize(("document", "pointer", "code"), BAD_FIELDS)
def test_each_broken_rule_is_told_by_pointer_and_code(document: dict[str, Any], pointer: str, code: str) -> None:
    """One broken rule is one fault, at the field, with its documented code."""
    assert faults_of(document) == {(pointer, code)}
    assert code in MESSAGES


@pytest.mark.parametrize(
    "document",
    [
        body(amount_minor=0),
        body(amount_minor=AMOUNT_MINOR_MAX),
        body(currency="JPY"),
        body(currency="KWD"),
        body(transaction_id="a" * 64),
        body(type="refund", original_transaction_id="abcdefgh"),
        body(type="reversal", original_transaction_id="abcdefgh"),
        merchant(name="x" * 100, category="x" * 64, latitude=90, longitude=-180),
        merchant(name="Mohr, O'Hara & S\u00f8ns"),
        merchant(name="\U0001f600" * 100),
        merchant(name="\u200bKub\ufeff", category="\u2060misc\u00ad"),
        merchant(
            name="\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0915\u094d\u200d\u0937",
            category="\u05d0 a \u05d1",
        ),
        of_customer(first_name="\u200b.", last_name="\U0001f468\u200d\U0001f469", city=" x", state="\u0301"),
        of_customer(reference="x" * 64, city_population=100_000_000, postal_code="x" * 16),
        of_customer(**dict.fromkeys(customer())),
        terminal(terminal_id="T" * 32, entry_mode=None),
        body(is_fraud=None, customer=None, terminal=None, original_transaction_id=None),
    ],
)
def test_the_bounds_themselves_are_inside(document: dict[str, Any]) -> None:
    """The largest, the smallest and null are taken where the contract says so."""
    assert faults_of(document) == set()


@pytest.mark.parametrize(
    "name",
    [
        *("cvv", "CVV2", "card_cvv", "cvc", "cvc_code", "csc", "cid", "cav2", "security_code", "cardSecurityCode"),
        *("card_verification_value", "pin", "PIN", "pin_block", "PinBlock", "card_pin", "pin_code", "encrypted-pin"),
        *("track", "track1", "track_2", "Track-3", "track2_data", "trackData", "magstripe"),
    ],
)
@pytest.mark.parametrize("where", ["", "/merchant", "/customer", "/terminal"])
def test_sensitive_authentication_data_is_refused_by_name(name: str, where: str) -> None:
    """CVV, PIN and track data are refused as such anywhere, in any spelling, without repeating the name's value."""
    document = full_body()
    (document[where[1:]] if where else document)[name] = "7351"
    assert faults_of(document) == {(where, "sensitive_authentication_data")}


@pytest.mark.parametrize("name", ["shopping", "pinned", "tracking", "soundtrack", "kind", "accident"])
def test_harmless_unknown_names_are_only_unknown(name: str) -> None:
    """A name that merely holds the letters of a sensitive one is an unknown field."""
    assert faults_of(body(**{name: 1})) == {("", "field_unknown")}


def test_empty_objects_are_the_same_as_none() -> None:
    """An object that says nothing cannot be told from none in a table, so it is none from the start."""
    assert request(customer={}, terminal={}) == request()
    assert request(customer={"city": None}, terminal={"entry_mode": None}) == request(customer=None)
    assert request(customer={"city_population": 0}).customer is not None


def test_every_broken_rule_is_listed_up_to_a_bound() -> None:
    """Many faults come at once, and no body makes the answer grow without end."""
    document = body(amount_minor=-1, currency="x", merchant={"name": ""})
    assert len(faults_of(document)) == 3
    with pytest.raises(InvalidTransactionError) as caught:
        parse_transaction(_wrong_and_twice(full_body()))
    assert len(caught.value.faults) == FAULTS_MAX


def _wrong_and_twice(document: dict[str, Any]) -> bytes:
    """A document with each name of another one twice, and a number for each text."""
    values = {
        name: _wrong_and_twice(value) if isinstance(value, dict) else b"1.5" for name, value in document.items()
    }
    return b"{%b}" % b",".join([b'"%b":%b' % (name.encode(), value) for name, value in values.items()] * 2)


def test_equal_faults_are_told_once() -> None:
    """Five hundred unknown names are one fault of their object, and those of PCI DSS 3.3.1 another."""
    many = {f"x{number}": number for number in range(500)}
    assert faults_in(body(**many)) == [("", "field_unknown")]
    assert faults_in(body(**many, cvv="123")) == [("", "field_unknown"), ("", "sensitive_authentication_data")]
    assert faults_in(body(merchant={"name": "Kub", **many}, customer={**many, "C\nV\nV\u00e9": 1})) == [
        ("/merchant", "field_unknown"),
        ("/customer", "field_unknown"),
        ("/customer", "sensitive_authentication_data"),
    ]


@pytest.mark.parametrize("value", [[[]], [{}] * 3, {"a": {}}, [1, [2]], [[[]]] * 2_000])
def test_a_value_that_is_deeper_than_the_contract_is_told_like_any_other(value: object) -> None:
    """Whatever is inside, the field has the fault of its own type, beside the faults of all others."""
    assert faults_in(body(currency=value, amount_minor=-1)) == [
        ("/amount_minor", "number_out_of_range"),
        ("/currency", "string_required"),
    ]
    assert faults_in(body(merchant=[value])) == [("/merchant", "object_required")]
    assert faults_in(body(merchant={"name": value})) == [("/merchant/name", "string_required")]
    assert faults_in(body(customer={"extra": value, "gender": 1})) == [
        ("/customer/gender", "string_required"),
        ("/customer", "field_unknown"),
    ]


def test_a_number_that_is_not_finite_is_told_beside_an_unknown_name() -> None:
    """The document is written again without the name, and the number stays what it was."""
    data = json_bytes(body(extra=1, merchant={"name": "Kub", "latitude": 1.5})).replace(b"1.5", b"1e999")
    with pytest.raises(InvalidTransactionError) as caught:
        parse_transaction(data)
    assert [fault.code for fault in caught.value.faults] == ["not_finite", "field_unknown"]


@pytest.mark.parametrize("spaces", [0, 5_000])
def test_a_body_is_the_same_however_much_white_space_it_has(spaces: int) -> None:
    """Numbers and texts come through the second writing of a long body as they were."""
    document = full_body(merchant={"name": 'Kub "[é]" \\ \U0001f600', "latitude": -1e-7, "longitude": 0.1 + 0.2})
    assert parse_transaction(json_bytes(document) + b" " * spaces) == parse_transaction(json_bytes(document))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"not json",
        b"{}{}",
        b"{}\n{}",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"card_number": "\xff"}',
        b'{"merchant": {"name": "\\ud800"}}',
        b'{"merchant": {"name": "\xed\xa0\x80"}}',
        b"{'card_number': 1}",
        b'{"amount_minor": 0x10}',
        b'{"amount_minor": 007}',
        b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"amount_minor": ' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_not_one_json_document_is_malformed(data: bytes) -> None:
    """Broken JSON, wrong encodings, lone surrogates, bottomless nesting and two documents are not parsed."""
    with pytest.raises(MalformedJsonError):
        parse_transaction(data)


@pytest.mark.parametrize("data", [b"[]", b"null", b"1", b'"x"', b"true"])
def test_a_document_that_is_no_object_is_told_so(data: bytes) -> None:
    """JSON that is no object is a fault of the whole document."""
    with pytest.raises(InvalidTransactionError) as caught:
        parse_transaction(data)
    assert caught.value.faults == (Fault("", "object_required"),)


def test_the_last_of_duplicate_keys_counts_for_the_model() -> None:
    """A key that stands twice has its last value; that it may not do so is the submission's rule."""
    data = json_bytes(body()).replace(b'"amount_minor":497', b'"amount_minor":-5,"amount_minor":12')
    assert parse_transaction(data).amount_minor == 12


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(full_body())), inner),
        max_leaves=12,
    )
)
@settings(max_examples=100)
def test_any_json_ends_in_a_request_or_in_our_errors(document: object) -> None:
    """Whatever JSON comes, the parser answers with a request or with documented faults."""
    with suppress(MalformedJsonError):
        assert all(MESSAGES[code] for _, code in faults_of(document))


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_end_in_our_errors(data: bytes) -> None:
    """Random bytes are refused as malformed or invalid, never with another exception."""
    with pytest.raises(TxnError):
        parse_transaction(data)


LEAKS: list[Callable[[TransactionRequest], object]] = [
    repr,
    str,
    "{0} {0!r}".format,
    lambda parsed: "%s" % parsed,  # noqa: UP031 - old formatting has its own path
    lambda parsed: repr([parsed, {"request": parsed}]),
    lambda parsed: repr(parsed.merchant) + str(parsed.customer),
]


@pytest.mark.parametrize("show", LEAKS)
def test_no_way_of_printing_a_request_shows_a_card_number(show: Callable[[TransactionRequest], object]) -> None:
    """Neither its own field nor a number that a client misplaced into another one is printed."""
    misplaced = card_number(99)
    parsed = request(card_number=CARD, merchant={"name": f"Kub {CARD}"}, customer={"street": f"at {misplaced}"})
    shown = str(show(parsed))
    assert CARD not in shown
    assert misplaced not in shown


@pytest.mark.parametrize(
    "dump",
    [
        TransactionRequest.model_dump,
        TransactionRequest.model_dump_json,
        lambda parsed: parsed.model_dump(mode="json"),
        lambda parsed: parsed.model_copy(deep=True),
        lambda parsed: json.dumps(dict(parsed)),
        pickle.dumps,
        hash,
    ],
)
def test_a_request_is_not_serialised_with_its_card_number(dump: Callable[[TransactionRequest], object]) -> None:
    """Dumping, pickling and copying a whole request raise rather than carry the card number along."""
    with pytest.raises((TypeError, PydanticSerializationError)) as caught:
        dump(request(card_number=CARD))
    assert CARD not in str(caught.value)


@pytest.mark.parametrize(
    "document",
    [
        body(card_number=CARD[:-1] + str((int(CARD[-1]) + 1) % 10)),
        body(card_number=CARD + "x"),
        body(card_number=int(CARD)),
        body(currency=CARD),
        body(occurred_at=CARD),
        body(transaction_id=f"{CARD}!"),
        body(merchant={"name": f"{CARD}\n"}),
        body(type=CARD),
        body(**{CARD: CARD}),
        body(customer=CARD),
        body(customer={CARD: 1, "date_of_birth": CARD}),
        body(amount_minor=CARD),
        body(merchant={"name": "x", "latitude": int(CARD)}),
    ],
)
def test_no_error_shows_what_was_sent(document: dict[str, Any]) -> None:
    """Error, repr and full traceback with its chain are free of digits that the client sent, also as a key."""
    with pytest.raises(InvalidTransactionError) as caught:
        parse_transaction(json_bytes(document))
    error = caught.value
    shown = f"{error} {error!r} {error.args} {error.faults}" + "".join(traceback.format_exception(error))
    assert CARD[:-1] not in shown


def test_pydantics_own_error_text_hides_the_input() -> None:
    """Also an error that nobody translated does not print the input."""
    with pytest.raises(ValidationError) as caught:
        TransactionRequest.model_validate_json(json_bytes(body(currency=CARD, merchant={"name": CARD * 10})))
    assert CARD not in f"{caught.value} {caught.value!r}" + "".join(traceback.format_exception(caught.value))


def test_the_future_is_refused_beyond_the_allowance() -> None:
    """A clock may run a few minutes ahead, no further."""
    ahead = datetime.now(UTC) + timedelta(seconds=100)
    refuse_future(instant_of(ahead), now=now(), ahead_s_max=300)
    with pytest.raises(InvalidTransactionError) as caught:
        refuse_future(instant_of(ahead), now=now(), ahead_s_max=10)
    assert caught.value.faults == (Fault("/occurred_at", "timestamp_in_future"),)


def test_equal_faults_count_once() -> None:
    """Fifty unknown fields say no more than one, and do not hide what else is wrong."""
    surprises = {f"surprise_{number}": 1 for number in range(200)}
    with pytest.raises(InvalidTransactionError) as caught:
        parse_transaction(json_bytes({**surprises, **body(amount_minor=-1)}))
    assert sorted(caught.value.faults, key=lambda fault: fault.pointer) == [
        Fault("", "field_unknown"),
        Fault("/amount_minor", "number_out_of_range"),
    ]
