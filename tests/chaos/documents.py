"""What is posted: transactions of every form, made by a seed, and what of each must be found afterwards.

`content_of` says what an event has to hold by the contract alone, without a line of the code under test.
"""

import hashlib
import hmac
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, Literal

from tests.builders import card_number

Kind = Literal["new", "again", "conflict", "wrong"]

CARDS: Final = 60
MERCHANTS: Final = ("Rippin, Kub and Mann", "Müller & Söhne", "  Heller   Ltd ", "Ærø Is", "O'Hara-Kunde", "日本商店")
SHARES: Final[dict[Kind, float]] = {"new": 0.84, "again": 0.06, "conflict": 0.05, "wrong": 0.05}
CUSTOMER_FIELDS: Final = (
    *("reference", "first_name", "last_name", "gender", "date_of_birth", "job", "street", "city", "state"),
    *("postal_code", "latitude", "longitude", "city_population"),
)
FIELDS_OF: Final = {
    "merchant": ("name", "category", "latitude", "longitude"),
    "customer": CUSTOMER_FIELDS,
    "terminal": ("terminal_id", "entry_mode"),
}
_BASE: Final = datetime(2026, 1, 1, tzinfo=UTC)
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Posted:
    """A document, and of which kind it is: `wrong` ones must be refused."""

    document: Document
    kind: Kind

    @property
    def transaction_id(self) -> str:
        """Its id."""
        return str(self.document["transaction_id"])


def documents(seed: int) -> Iterator[Posted]:
    """Documents without end, the same for the same seed."""
    rng = random.Random(f"documents/{seed}")
    made: list[Document] = []
    number = 0
    while True:
        (kind,) = rng.choices(list(SHARES), list(SHARES.values()))
        if kind in {"again", "conflict"} and made:
            # Mostly of the latest, so that both meet on their way.
            document = dict(made[-min(len(made), 1 + int(rng.expovariate(0.1)))])
            if kind == "conflict":
                document["amount_minor"] += rng.randint(1, 1_000)
            yield Posted(document, kind)
            continue
        number += 1
        document = _document(f"chaos-{seed:04d}-{number:06d}", number, rng)
        if kind == "wrong":
            yield Posted(_spoiled(document, rng), "wrong")
        else:
            made.append(document)
            yield Posted(document, "new")


def _document(transaction_id: str, number: int, rng: random.Random) -> Document:
    document: Document = {
        "transaction_id": transaction_id,
        "card_number": card_number(rng.randrange(CARDS), length=rng.choice([13, 16, 16, 19])),
        "amount_minor": rng.randrange(1_000_000),
        "currency": rng.choice(["USD", "EUR", "JPY", "KWD"]),
        "occurred_at": _written(_BASE + timedelta(seconds=number, microseconds=rng.randrange(1_000_000)), rng),
        "merchant": {"name": rng.choice(MERCHANTS)},
    }
    if rng.random() < 0.5:
        document["merchant"] |= {"category": "misc_net", "latitude": rng.uniform(-90, 90), "longitude": 0.5}
    if rng.random() < 0.6:
        document["customer"] = _customer(number, rng)
    if rng.random() < 0.6:
        document["terminal"] = {"terminal_id": f"T{number:07d}", "entry_mode": rng.choice(["chip", "contactless"])}
    if rng.random() < 0.1:
        # Of a neighbour, which comes before it or behind it, and may be wrong and never come.
        original = number + (1 if number % 3 == 0 else -1)
        document["type"] = "reversal" if number % 4 == 0 else "refund"
        document["original_transaction_id"] = f"{transaction_id.rpartition('-')[0]}-{original:06d}"
    if rng.random() < 0.3:
        document["is_fraud"] = rng.random() < 0.5
    return document


def _customer(number: int, rng: random.Random) -> Document:
    whole = {
        "reference": f"c-{number}",
        "first_name": "Zoë",
        "last_name": 'Quote " and \\',
        "gender": "F",
        "date_of_birth": "1988-03-09",
        "job": "Psychologist, counselling",
        "street": "561 Perry Cove",
        "city": "Moravian Falls",
        "state": "NC",
        "postal_code": "28654",
        "latitude": rng.uniform(-90, 90),
        "longitude": rng.uniform(-180, 180),
        "city_population": rng.randrange(10_000_000),
    }
    return {name: value for name, value in whole.items() if rng.random() < 0.7} or {"first_name": "Ada"}


def _written(moment: datetime, rng: random.Random) -> str:
    """A moment in one of the forms that clients write."""
    offset = timezone(timedelta(minutes=rng.choice([0, 120, -330])))
    text = moment.astimezone(offset).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def _spoiled(document: Document, rng: random.Random) -> Document:
    digits = document["card_number"]
    wrong = rng.choice(
        [
            {"card_number": digits[:-1] + str((int(digits[-1]) + 1) % 10)},
            {"amount_minor": -1},
            {"currency": "XXQ"},
            {"cvv": "123"},
            {"occurred_at": "2019-02-30T00:00:00Z"},
            {"merchant": {"name": f"paid with {digits}"}},
        ]
    )
    return document | wrong


def card_id_of(digits: str, card_key: bytes) -> str:
    """What stands for a card number: an HMAC-SHA-256 under the first card key, in its documented form."""
    message = b"txn-api/card_id\0" + digits.encode()
    return f"card_1_{hmac.new(card_key, message, hashlib.sha256).hexdigest()[:32]}"


def content_of(document: Document, card_key: bytes) -> Document:
    """Every field that is the client's, as an event has to hold it."""
    content: Document = {
        "transaction_id": document["transaction_id"],
        "card_id": card_id_of(document["card_number"], card_key),
        "type": document.get("type", "purchase"),
        "original_transaction_id": document.get("original_transaction_id"),
        "amount_minor": document["amount_minor"],
        "currency": document["currency"],
        "occurred_at": _instant(document["occurred_at"]),
        "is_fraud": document.get("is_fraud"),
    }
    for part, names in FIELDS_OF.items():
        given = document.get(part)
        content[part] = None if given is None else {name: given.get(name) for name in names}
    return content


def _instant(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
