"""What one row of a file says must be stored, and whether a stored document says the same.

The row is turned into its event by the very code that the service uses, but under keys that this process makes up
and forgets. So masks and all client fields can be compared as they are, and ids one to one: whatever the keys,
equal cards have equal ids and different cards different ones. No card number is kept.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final

from txn_cli.rows import SoundRow
from txn_core.errors import InvalidTransactionError
from txn_core.event import encode
from txn_core.identity import Account, KeyRing, TransactionId, normalise_merchant
from txn_core.instants import Instant, instant_of, now
from txn_core.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.transaction import TransactionRequest
from txn_core.usual_request import read_submission

_CONTENT: Final = sorted({*TransactionRequest.model_fields, "card_masked"} - {"card_number"})
_canonical: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Statement:
    """What a row says: its id, a digest of its content, and a name for its card that holds within this process.

    The time, which the digest covers as well, is what the row is looked for by.
    """

    line: int
    transaction_id: str
    digest: int
    card: str
    occurred_at: Instant


class Scribe:
    """Makes statements of rows, all under the same made-up keys."""

    def __init__(self, luhn_exempt: IssuerRanges = NO_RANGES) -> None:
        """Take the card numbers that the service takes without a check digit."""
        self._luhn_exempt = luhn_exempt
        self._keys = KeyRing({1: secrets.token_bytes(32)}, identity_key=secrets.token_bytes(32))
        self._cards: dict[str, str] = {}

    def statement(self, row: SoundRow) -> Statement | None:
        """The row's statement; none when the service refuses such a transaction, so that it must not be stored."""
        try:
            submission = read_submission(row.body, surroundings="", now=now(), luhn_exempt=self._luhn_exempt)
        except InvalidTransactionError:
            return None
        event = encode(
            submission,
            transaction_id=TransactionId(submission.transaction_id or ""),
            account=Account("verify"),
            keys=self._keys,
            accepted_at=now(),
        )
        card = self._cards.setdefault(event.card_id, event.card_id)
        return Statement(
            row.line, event.transaction_id, digest_of(json.loads(event.data)), card, submission.occurred_at
        )


class Identities:
    """The ids that the store gave to cards, customers, merchants: each its own, and always the same."""

    def __init__(self) -> None:
        self._cards, self._customers, self._merchants = _Pairing(), _Pairing(), _Pairing()
        self.account: object = None

    def fit(self, statement: Statement, document: Mapping[str, object]) -> bool:
        """Whether a document's ids agree with those of all documents before it."""
        card_id, merchant = document.get("card_id"), document.get("merchant")
        # A new version of the card key gives a card a second id, and never more than one a version.
        card = f"{statement.card} {str(card_id).rsplit('_', 1)[0]}"
        name = normalise_merchant(str(merchant.get("name"))) if isinstance(merchant, Mapping) else ""
        self.account = self.account or document.get("account")
        return (
            self._cards.fits(card, card_id)
            and self._customers.fits(card, document.get("customer_id"))
            and self._merchants.fits(name, document.get("merchant_id"))
            and document.get("account") == self.account is not None
        )


def digest_of(document: Mapping[str, object]) -> int:
    """64 bits of what a client said and of the mask: equal for documents of equal content.

    Absent and null are the same, as are all forms of one instant.
    """
    content = {name: value for name in _CONTENT if (value := _plain(document.get(name))) is not None}
    content["occurred_at"] = _instant(content.get("occurred_at"))
    return int.from_bytes(blake2b(_canonical(content).encode(), digest_size=8).digest())


class _Pairing:
    """Names of ours and ids of the store, one to one."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def fits(self, name: str, identity: object) -> bool:
        """Whether the name has this id and the id this name, the first sight of either deciding."""
        if not isinstance(identity, str):
            return False
        return self._ids.setdefault(name, identity) == identity and self._names.setdefault(identity, name) == name


def _plain(value: object) -> object:
    """The value without nulls inside, numbers in one form."""
    if isinstance(value, dict):
        inner = {name: plain for name, part in value.items() if (plain := _plain(part)) is not None}
        return inner or None
    # A flag is an int as well, but none in JSON.
    return float(value) if type(value) is int else value


def _instant(text: object) -> Instant | None:
    try:
        return instant_of(datetime.fromisoformat(str(text)))
    except ValueError:
        return None
