"""The short way for bodies of the usual form: it gives what the long way gives, or leaves the body to it."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.builders import body, card_number, customer, full_body, issued_card_number, json_bytes
from tests.txn_core.strategies import bodies, finer_digits
from txn_core.card_numbers.issuer_ranges import IssuerRanges
from txn_core.card_numbers.pan import LENGTHS
from txn_core.exceptions import InvalidTransactionError, MalformedJsonError
from txn_core.transactions import reading
from txn_core.transactions.fast_path import fast_fields
from txn_core.transactions.reading import read_submission
from txn_core.transactions.submission import Submission

TODAY = "2026-01-02"
CARD = card_number(1234)


def short(document: object, request_text: str = "") -> Submission | None:
    """What the short way makes of a document; none when it leaves or refuses it."""
    data = document if isinstance(document, bytes) else json_bytes(document)
    fields = fast_fields(data)
    if fields is None:
        return None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "parse_transaction", _go_the_long_way)
        try:
            return read_submission(data, fields, request_text=request_text, today=TODAY)
        except _LongWay:
            return None
        except InvalidTransactionError as error:
            told = error.faults
    with pytest.raises(InvalidTransactionError) as caught:
        read_submission(data, None, request_text=request_text, today=TODAY)
    assert told == caught.value.faults
    return None


class _LongWay(Exception):  # noqa: N818 - no error: it tells a test where a body goes
    """The short way has left a body."""


def _go_the_long_way(*_: object) -> None:
    raise _LongWay


def long(document: object, request_text: str = "") -> Submission | None:
    """What the long way makes of it; none when it refuses it."""
    data = document if isinstance(document, bytes) else json_bytes(document)
    try:
        return read_submission(data, None, request_text=request_text, today=TODAY)
    except (InvalidTransactionError, MalformedJsonError):
        return None


@given(bodies())
@settings(max_examples=150)
def test_both_ways_give_the_same(document: dict[str, Any]) -> None:
    """Whatever fits the rules: if the short way takes it, every byte is as the long way writes it."""
    assert short(document) in (None, long(document))


ascii_texts = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), min_size=1)


@given(
    name=ascii_texts.filter(lambda text: len(text) <= 100),
    latitude=st.one_of(st.none(), st.floats(-90, 90), st.integers(-90, 90)),
    moment=st.builds(
        lambda at, finer: f"{at.isoformat(timespec='microseconds')}{finer}Z", st.datetimes(), finer_digits()
    )
    | st.datetimes().map(lambda at: at.isoformat() + "Z"),
    born=st.dates().map(str),
    spread=st.booleans(),
)
@settings(max_examples=150)
@example(name="  ", latitude=1e-7, moment="2024-02-29T00:00:60Z", born="1850-01-01", spread=True)
@example(name="x", latitude=-0.0, moment="1970-01-01T00:00:00.1Z", born="2026-01-03", spread=False)
def test_plain_bodies_are_judged_alike(
    name: str,
    latitude: float | None,
    moment: str,
    born: str,
    spread: bool,  # noqa: FBT001 - drawn
) -> None:
    """In plain ASCII the short way takes nothing that the long way refuses, and gives the same bytes."""
    document = full_body(
        merchant={"name": name, "latitude": latitude}, occurred_at=moment, customer=customer(date_of_birth=born)
    )
    data = json.dumps(document, indent=1 if spread else None).encode()
    assert short(data) in (None, long(data))


@pytest.mark.parametrize(
    "document",
    [
        body(),
        full_body(),
        full_body(customer={}, terminal={}),
        full_body(type="refund", original_transaction_id="0123456789"),
        body(occurred_at="2019-01-01T00:00:18.5Z", transaction_id=...),
        body(occurred_at="2019-01-01T00:00:18.1234567Z"),
        body(merchant={"name": " Kub "}, customer=customer(job="  clerk")),
        body(occurred_at="2019-01-01T00:00:18.999999999Z"),
        body(customer=customer(latitude=36, longitude=-81, date_of_birth="2000-02-29")),
        body(occurred_at="2019-01-01T00:00:18.123456Z", amount_minor=999_999_999_999 // 10),
        full_body(customer=customer(street="Flat 12/3, 1,234.56 Perry Cove", city="28654-0001")),
        full_body(merchant={"name": "Shop #0423 (555) 0100", "latitude": 36.0112931, "longitude": -172.04831}),
        full_body(customer=customer(latitude=36.01129312345678)),
        full_body(customer=customer(street="1234567890123 Perry Cove", reference=issued_card_number(99))),
    ],
)
def test_usual_bodies_go_the_short_way(document: dict[str, Any]) -> None:
    """The bodies that nearly all clients send are taken, also with the white space of other writers."""
    spread = json.dumps(document, indent=2).encode()
    assert short(document) == short(spread) == long(document) is not None


@pytest.mark.parametrize(
    "document",
    [
        body(occurred_at="2019-01-01T00:00:18+00:00"),
        body(occurred_at="2019-01-01t00:00:18Z"),
        body(merchant={"name": "Caf\u00e9"}),
        body(merchant={"name": 'the "Kub"'}),
    ],
)
def test_sound_bodies_of_other_forms_go_the_long_way(document: dict[str, Any]) -> None:
    """Offsets, other scripts and escapes are worth the closer look, and are taken by it."""
    assert short(document) is None
    assert long(document) is not None
    data = json_bytes(document)
    assert read_submission(data, fast_fields(data), request_text="", today=TODAY) == long(document)


_SEPARATORS = [
    "",
    " ",
    "  ",
    "-",
    ".",
    "/",
    "_",
    ",",
    ":",
    " - ",
    "|",
    "^",
    "%",
    "#",
    "'",
    "\t",
    "\\",
    "\u00b7",
    "\u2212",
]


@pytest.mark.parametrize("separator", _SEPARATORS)
@pytest.mark.parametrize("length", [12, 16, 19])
def test_no_separator_gets_a_card_number_through_the_short_way(separator: str, length: int) -> None:
    """In whatever groups another's card number stands: neither way takes it."""
    number = issued_card_number(99, length=length)
    grouped = separator.join(number[at : at + 4] for at in range(0, length, 4))
    document = body(customer=customer(street=f"12{separator or ' '}{grouped}"))
    assert short(document) is None
    assert long(document) is None


@pytest.mark.parametrize("track", ["%B{}^BANKS/JENNIFER^29121010000", ";{}=29121010000?", "{}D29121010000"])
def test_no_track_gets_through_the_short_way(track: str) -> None:
    """Nor magnetic stripe data, whoever issued the card."""
    document = body(merchant={"name": track.format(card_number(99))})
    assert short(document) is None
    assert long(document) is None


def test_both_ways_take_a_card_without_a_check_digit_where_it_is_exempt() -> None:
    """By its first digits and its length, and in no other."""
    number = CARD[:-1] + str((int(CARD[-1]) + 1) % 10)
    data = json_bytes(body(card_number=number))
    exempt, others = (IssuerRanges.parse(text, lengths=LENGTHS) for text in (number[:2], f"{number[:2]}:15"))
    fields = fast_fields(data, exempt)
    assert fields is not None
    usual = read_submission(data, fields, request_text="", today=TODAY, luhn_exempt=exempt)
    assert usual == read_submission(data, None, request_text="", today=TODAY, luhn_exempt=exempt)
    assert fast_fields(data, others) is None
    with pytest.raises(InvalidTransactionError):
        read_submission(data, None, request_text="", today=TODAY, luhn_exempt=others)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"card_number"',
        json_bytes(body()) + b"{}",
        json_bytes(body(merchant={"name": "a\x7fb"})),
        body(card_number=CARD[:-1] + str((int(CARD[-1]) + 1) % 10)),
        body(card_number=int(CARD)),
        body(card_number=CARD, transaction_id=CARD),
        body(card_number=CARD, merchant={"name": f"Kub {CARD[:8]} {CARD[8:]}"}),
        body(amount_minor=4.0),
        body(amount_minor=True),
        body(currency="XAU"),
        body(cvv="123"),
        body(type="refund"),
        body(original_transaction_id="0123456789"),
        body(merchant={"name": "   "}),
        body(merchant={"name": ""}),
        body(merchant={"name": "Kub", "category": " "}),
        body(customer=customer(state="  ")),
        body(customer={"reference": " "}),
        body(merchant={"name": "x" * 101}),
        body(merchant={"name": "Kub", "latitude": float("nan")}),
        body(customer=customer(date_of_birth="1988-02-30")),
        body(customer=customer(date_of_birth="9999-01-01")),
        body(customer=customer(date_of_birth="1849-12-31")),
        body(customer=customer(job=f"clerk {issued_card_number(99)}")),
        body(occurred_at="2019-02-29T00:00:18Z"),
        body(occurred_at="1969-12-31T23:59:59Z"),
        body(occurred_at="2019-01-01T00:00:18.1234567890Z"),
        body(occurred_at="2016-12-31T23:59:60Z"),
        body(terminal={"terminal_id": "T 1"}),
    ],
)
def test_what_the_long_way_refuses_is_never_taken(document: object) -> None:
    """Each broken rule is left to the long way, which says what is wrong."""
    assert short(document) is None
    assert long(document) is None


def test_a_card_number_around_the_body_is_found() -> None:
    """Headers, path and query are searched as well."""
    assert short(body(card_number=CARD), request_text=f"xauthorizationx{CARD}x") is None
    assert short(body(card_number=CARD), request_text="xauthorizationxabcx") is not None


def test_a_name_that_comes_twice_hides_no_card_number() -> None:
    """It is refused for that alone, and the number is searched for in all bytes."""
    twice = b'{"transaction_id":"%b",' % CARD.encode() + json_bytes(body(card_number=CARD))[1:]
    assert short(twice) is None
    assert long(twice) is None


def test_a_submission_shows_nothing() -> None:
    """Neither its own text nor a container's holds a card number."""
    assert CARD not in repr([short(body(card_number=CARD))])
