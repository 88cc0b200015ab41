"""Hypothesis strategies for what clients may send."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.builders import SHARD, card_number, transaction_id
from txn_core.positions import Position, SequenceNumber
from txn_core.transactions.currency import EXPONENTS
from txn_core.transactions.identity import normalise_merchant
from txn_core.transactions.instants import EARLIEST
from txn_core.transactions.invisible import shows_something
from txn_core.transactions.transaction import AMOUNT_MINOR_MAX, MERCHANT_KEY_BYTES_MAX

LATEST = datetime(9999, 12, 30)  # noqa: DTZ001 - whatever its offset, it has a year of four digits in UTC


def texts(length_max: int) -> st.SearchStrategy[str]:
    """Text that the contract takes: no controls, marks of direction or lone surrogates, something to be seen."""
    steering = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    characters = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=steering)
    return st.text(characters, min_size=1, max_size=length_max).filter(shows_something)


def names() -> st.SearchStrategy[str]:
    """Merchant names: text that is not too long a key."""
    return texts(100).filter(lambda name: len(normalise_merchant(name).encode()) <= MERCHANT_KEY_BYTES_MAX)


def degrees(bound: int) -> st.SearchStrategy[float | int]:
    """Coordinates, of which clients write some as integers."""
    return st.one_of(st.floats(-bound, bound), st.integers(-bound, bound), st.sampled_from([1e-7, -0.0, 5e-324]))


def instants() -> st.SearchStrategy[str]:
    """Times that the contract takes, from its first to its last."""
    moments = st.datetimes(min_value=EARLIEST.replace(tzinfo=None) + timedelta(days=1), max_value=LATEST)
    offsets = st.sampled_from(["Z", "z", "+00:00", "-00:00", "+05:45", "-23:59", "+23:59"])
    microseconds = st.builds(lambda moment, offset: moment.isoformat() + offset, moments, offsets)
    finer = st.builds(
        lambda moment, digits, offset: moment.isoformat(timespec="microseconds") + digits + offset,
        moments,
        finer_digits(),
        offsets,
    )
    return microseconds | finer


def finer_digits() -> st.SearchStrategy[str]:
    """Digits behind those of a microsecond."""
    return st.text("0123456789", min_size=1, max_size=3)


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Request bodies that pass."""
    nullable_text = {
        "reference": 64,
        "first_name": 100,
        "last_name": 100,
        "gender": 16,
        "job": 200,
        "street": 200,
        "city": 100,
        "state": 64,
        "postal_code": 16,
    }
    places = {"latitude": st.none() | degrees(90), "longitude": st.none() | degrees(180)}
    customers = st.fixed_dictionaries(
        {},
        optional={
            **{name: st.none() | texts(length) for name, length in nullable_text.items()},
            **places,
            "date_of_birth": st.none() | st.sampled_from(["1850-01-01", "1988-03-09", "2000-02-29"]),
            "city_population": st.none() | st.integers(0, 100_000_000),
        },
    )
    merchants = st.fixed_dictionaries({"name": names()}, optional={"category": st.none() | texts(64), **places})
    terminals = st.fixed_dictionaries(
        {},
        optional={
            "terminal_id": st.none() | st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True),
            "entry_mode": st.none() | st.sampled_from(["chip", "contactless", "ecommerce"]),
        },
    )
    return st.fixed_dictionaries(
        {
            "transaction_id": st.integers(0, 2**100).map(transaction_id),
            "card_number": st.builds(
                lambda number, length: card_number(number % 10 ** (length - 2), length=length),
                st.integers(0, 10**18),
                st.integers(8, 19),
            ),
            "amount_minor": st.integers(0, AMOUNT_MINOR_MAX),
            "currency": st.sampled_from(sorted(EXPONENTS)),
            "occurred_at": instants(),
            "merchant": merchants,
        },
        optional={
            "customer": st.none() | customers,
            "terminal": st.none() | terminals,
            "is_fraud": st.none() | st.booleans(),
        },
    )


def payments() -> st.SearchStrategy[dict[str, Any]]:
    """Payment fields that pass, beside those of a body."""
    currencies = st.sampled_from(sorted(EXPONENTS))
    amount = st.fixed_dictionaries(
        {"cardholder_amount_minor": st.integers(0, AMOUNT_MINOR_MAX), "cardholder_currency": currencies}
    )
    names = st.from_regex(r"x[G-Zg-z_.-]{0,20}", fullmatch=True)  # whose digits are no card number, nor sensitive
    others = st.fixed_dictionaries(
        {},
        optional={
            "mcc": st.none() | st.from_regex(r"[0-9]{4}", fullmatch=True),
            "authorization_code": st.from_regex(r"[A-Za-z]{6}", fullmatch=True),
            "retrieval_reference_number": st.from_regex(r"[A-Za-z]{12}", fullmatch=True),
            "system_trace_audit_number": st.from_regex(r"[0-9]{6}", fullmatch=True),
            "acquirer_id": st.from_regex(r"[0-9]{1,7}", fullmatch=True),
            "card_acceptor_id": st.from_regex(r"[!-/:-~]([ -/:-~]{0,13}[!-/:-~])?", fullmatch=True),
            "metadata": st.none() | st.dictionaries(names, texts(20), max_size=4),
        },
    )
    return st.builds(dict.__or__, others, st.just({}) | amount)


def positions() -> st.SearchStrategy[Position]:
    """Places on the stream, with sequence numbers of any length."""
    return st.builds(
        lambda sequence_number, sub: Position(SHARD, SequenceNumber(str(sequence_number)), sub),
        st.integers(0, 10**60),
        st.integers(0, 10**6),
    )
