"""Card numbers where none may stand."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from tests.builders import body, card_number, customer, issued_card_number, json_bytes, with_check_digit
from tests.txn_core.strategies import bodies
from txn_core.card_numbers.card_number_search import CODE, request_text_of
from txn_core.card_numbers.free_text import holds_card_number
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.plain_text import ascii_alphanumerics
from txn_core.transactions.reading import read_submission

CARD = card_number(123_456_789)
OTHER = issued_card_number(987_654_321)
FULLWIDTH = {ord(str(digit)): 0xFF10 + digit for digit in range(10)}
DEVANAGARI = {ord(str(digit)): 0x0966 + digit for digit in range(10)}


def pointers_in(data: bytes, request_text: str = "") -> list[str]:
    """Where a body is told to hold a card number; empty when it is sound."""
    try:
        read_submission(data, None, request_text=request_text, today="2026-01-02")
    except InvalidTransactionError as error:
        codes = {fault.code for fault in error.faults}
        if codes != {CODE} or CARD in str(error):
            raise
        return [fault.pointer for fault in error.faults]
    return []


def pointers(**changes: Any) -> list[str]:
    """The same of `body(**changes)`, whose JSON is written with and without escapes."""
    document = body(card_number=CARD, **changes)
    plain, escaped = (pointers_in(json_bytes(document, ascii_only=flag)) for flag in (False, True))
    assert plain == escaped
    return plain


def test_a_number_in_its_own_field_alone_is_where_it_belongs() -> None:
    """A sound body is not refused, whatever else it says."""
    assert pointers() == []
    assert pointers(customer=customer(), terminal={"terminal_id": "T0000042"}, is_fraud=True) == []


SPELLINGS = [
    CARD,
    f"{CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}",
    f"{CARD[:4]}-{CARD[4:8]}-{CARD[8:12]}-{CARD[12:]}",
    f"{CARD[:6]}.{CARD[6:]}",
    f"{CARD[:6]}/{CARD[6:9]}_{CARD[9:]}",
    f"{CARD[:6]} -- {CARD[6:]}",
    " ".join(CARD),
    f"x{CARD}x",
    f"00{CARD}00",
    f"{CARD[:8]}\u200b{CARD[8:]}",
    f"{CARD[:8]}\u00a0\u2013{CARD[8:]}",
    f"{CARD[:8]}\u0301{CARD[8:]}",
    CARD.translate(FULLWIDTH),
    CARD.translate(DEVANAGARI),
    CARD[:8] + CARD[8:].translate(FULLWIDTH),
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_its_own_number_is_found_however_it_is_spelt(text: str) -> None:
    """Separators, other scripts and neighbours hide nothing, in plain and in escaped JSON."""
    assert pointers(merchant={"name": text}) == ["/merchant/name"]
    assert pointers(customer={"reference": text}) == ["/customer/reference"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"transaction_id": CARD}, "/transaction_id"),
        ({"transaction_id": f"a-{CARD[:8]}_{CARD[8:]}"}, "/transaction_id"),
        ({"type": "refund", "original_transaction_id": CARD}, "/original_transaction_id"),
        ({"merchant": {"name": "Kub", "category": CARD}}, "/merchant/category"),
        ({"terminal": {"terminal_id": CARD}}, "/terminal/terminal_id"),
        *[
            ({"customer": {name: f"a {CARD} b"}}, f"/customer/{name}")
            for name in ("reference", "first_name", "last_name", "job", "street", "city", "state")
        ],
        ({"customer": {"gender": CARD}}, "/customer/gender"),
        ({"customer": {"postal_code": CARD}}, "/customer/postal_code"),
    ],
)
def test_its_own_number_is_found_in_every_text(changes: dict[str, Any], pointer: str) -> None:
    """No string of the contract may carry the request's card number, ids included."""
    assert pointers(**changes) == [pointer]


@pytest.mark.parametrize(
    "number",
    [f"{CARD[0]}.{CARD[1:]}", f"{CARD[:2]}.{CARD[2:]}", f"0.{CARD}", f"-0.0{CARD}", f"{CARD[0]}.{CARD[1:]}e-1"],
)
def test_its_own_number_is_found_in_a_coordinate(number: str) -> None:
    """Digits behind a decimal point are searched as they were written, not as a float has them."""
    data = json_bytes(body(card_number=CARD, merchant={"name": "Kub", "longitude": 1.5}))
    assert pointers_in(data.replace(b"1.5", number.encode())) == ["/merchant/longitude"]


def test_the_last_digit_of_a_long_number_is_not_lost_in_a_float() -> None:
    """A number of 19 digits has more of them than a float keeps, and is found all the same."""
    longest = card_number(2**53, length=19)
    data = json_bytes(body(card_number=longest, merchant={"name": "Kub", "latitude": 1.5}))
    data = data.replace(b"1.5", f"{longest[0]}.{longest[1:]}".encode())
    assert pointers_in(data) == ["/merchant/latitude"]


def test_a_decimal_that_becomes_the_number_as_a_float_is_found() -> None:
    """A coordinate may be written so that only the float's shortest form, which is stored, shows the number."""
    numbers = (card_number(n, length=16) for n in itertools.count(10**13))
    floats = ((number, float(f"{number[0]}.{number[1:]}")) for number in numbers)
    digits = ((number, repr(degrees).replace(".", ""), f"{Decimal(degrees):f}") for number, degrees in floats)
    number, exact = next((n, exact) for n, short, exact in digits if n == short and n not in exact.replace(".", ""))
    for part in ("merchant", "customer"):
        document = body(card_number=number, customer={}) | {part: {"latitude": 1.5}}
        document["merchant"] = {"name": "Kub", **document["merchant"]}
        data = json_bytes(document).replace(b"1.5", exact.encode())
        assert pointers_in(data) == [f"/{part}/latitude"]


def test_a_short_number_is_found_in_an_amount() -> None:
    """Card numbers of 8 to 12 digits fit an amount, and may not stand there."""
    short = card_number(5, length=8)
    data = json_bytes(body(card_number=short, amount_minor=int(f"1{short}0")))
    assert pointers_in(data) == ["/amount_minor"]


def test_the_digits_of_a_time_are_a_time() -> None:
    """A short card number that reads like the date does not make the date a card number."""
    date_like = next(
        f"201901{day:02d}"
        for day in range(1, 29)
        if with_check_digit("201901" + str(day // 10)).endswith(str(day % 10))
    )
    day = f"{date_like[:4]}-{date_like[4:6]}-{date_like[6:]}"
    data = json_bytes(body(card_number=date_like, occurred_at=f"{day}T00:00:00Z", customer={"date_of_birth": day}))
    assert pointers_in(data) == []


@pytest.mark.parametrize(
    "data",
    [
        json_bytes(body(card_number=CARD)).replace(b'"USD"', b'"U\\u0053D"'),
        json_bytes(body(card_number=CARD)).replace(CARD.encode(), "".join(f"\\u{ord(c):04x}" for c in CARD).encode()),
        json_bytes(body(card_number=CARD)).replace(b"card_number", b"card\\u005fnumber"),
    ],
)
def test_escapes_of_the_own_field_are_harmless(data: bytes) -> None:
    """A sound body is not refused for how its JSON was written."""
    assert pointers_in(data) == []


def test_an_escaped_copy_is_found() -> None:
    r"""Writing digits as \u escapes does not hide them."""
    escaped = "".join(f"\\u{ord(c):04x}" for c in CARD)
    data = json_bytes(body(card_number=CARD, merchant={"name": "NAME"})).replace(b"NAME", escaped.encode())
    assert pointers_in(data) == ["/merchant/name"]


def test_of_duplicate_keys_all_are_searched() -> None:
    """A request that carries the number in any of the values has a leak, told before its repeated name is."""
    sound = json_bytes(body(card_number=CARD, merchant={"name": "Kub"}))
    hidden = sound.replace(b'"name":"Kub"', f'"name":"Kub","name":"{CARD}"'.encode())
    dropped = sound.replace(b'"name":"Kub"', f'"name":"{CARD}","name":"Kub"'.encode())
    assert pointers_in(hidden) == ["/merchant/name"]
    assert pointers_in(dropped) == ["/merchant/name"]


@pytest.mark.parametrize(
    "field",
    [
        *("merchant.name", "merchant.category"),
        *(
            f"customer.{name}"
            for name in ("first_name", "last_name", "gender", "job", "street", "city", "state", "postal_code")
        ),
    ],
)
def test_another_card_number_is_refused_in_free_text(field: str) -> None:
    """Not only the request's own: any card number in a name or an address."""
    part, name = field.split(".")
    document = {"merchant": {"name": "Kub"}} | {part: {"name": "Kub"} if part == "merchant" else {}}
    document[part][name] = OTHER
    assert pointers(**document) == [f"/{part}/{name}"]


@pytest.mark.parametrize("text", [f"Apt 12 {OTHER}", f"{OTHER} 12", f"No. {OTHER[:8]} {OTHER[8:]}, 3rd floor"])
def test_a_house_number_does_not_hide_another_card_number(text: str) -> None:
    """Neighbouring groups of digits are tried in every combination."""
    assert pointers(customer={"street": text}) == ["/customer/street"]


def test_another_card_number_may_stand_in_an_id() -> None:
    """Ids hold what looks like a card number without being one."""
    assert pointers(transaction_id=OTHER, customer={"reference": OTHER}, terminal={"terminal_id": OTHER}) == []
    assert pointers(type="refund", original_transaction_id=OTHER) == []


def test_a_run_inside_alphanumerics_is_left_alone() -> None:
    """Genuine hexadecimal ids hold Luhn-valid runs: as an id and as a name they pass."""
    hexadecimal = f"0b242abb{OTHER[:15]}{OTHER[15:]}d30655b9"
    assert pointers(transaction_id=hexadecimal, merchant={"name": hexadecimal}) == []


def test_every_place_is_told() -> None:
    """All places come at once, each once."""
    found = pointers(transaction_id=CARD, merchant={"name": CARD}, customer={"city": OTHER})
    assert sorted(found) == ["/customer/city", "/merchant/name", "/transaction_id"]


@pytest.mark.parametrize("blank", ["-", "--", "…", "."])
def test_the_place_is_told_beside_texts_without_a_letter_or_digit(blank: str) -> None:
    """People fill in a dash where they have nothing to say."""
    merchant = {"name": blank, "category": blank}
    customer = {"first_name": blank, "last_name": blank, "city": OTHER, "state": blank}
    assert pointers(merchant=merchant, customer=customer) == ["/customer/city"]


@pytest.mark.parametrize("text", SPELLINGS)
def test_its_own_number_is_found_around_the_request(text: str) -> None:
    """Headers, path and query are searched the same way, and told of as the whole document."""
    data = json_bytes(body(card_number=CARD))
    assert pointers_in(data, request_text_of(["application/json", text, "127.0.0.1"])) == [""]


def test_surroundings_do_not_run_together() -> None:
    """Two headers that only side by side would make the number are two headers."""
    data = json_bytes(body(card_number=CARD))
    assert pointers_in(data, request_text_of([CARD[:8], CARD[8:]])) == []
    assert pointers_in(data, request_text_of([OTHER, "curl/8.0", ""])) == []


@given(bodies())
@settings(max_examples=60)
def test_a_body_passes_exactly_when_no_text_holds_a_number(document: dict[str, Any]) -> None:
    """The quick way for plain ASCII and the thorough one agree, and both with a search by hand."""
    own = document["card_number"]
    texts = [
        *(document["transaction_id"], str(document["amount_minor"])),
        *(str(value) for part in ("merchant", "customer", "terminal") for value in _values(document, part)),
    ]
    by_hand = any(own in ascii_alphanumerics(text) or holds_card_number(text) for text in texts)
    plain, escaped = (bool(pointers_in(json_bytes(document, ascii_only=flag))) for flag in (False, True))
    assert plain == escaped
    assert by_hand or not plain


def _values(document: dict[str, Any], part: str) -> list[object]:
    return [value for value in (document.get(part) or {}).values() if value is not None]
