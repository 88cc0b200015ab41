"""What one row of a file says must be stored, and whether a stored document says the same.

The row is turned into its event by the very code that the service uses, but under keys that this process makes up
and forgets. So masks and all client fields can be compared as they are, and ids one to one: whatever the keys,
equal cards have equal ids and different cards different ones. No card number is kept.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from pydantic_core import from_json

from ingest.layouts.read_rows import Row, SoundRow
from txn_cli.verify.row_content import digest_of
from txn_cli.verify.warehouse_forms import Form
from txn_core.card_numbers.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.event import encode
from txn_core.transactions.fast_path import fast_fields
from txn_core.transactions.identity import Account, KeyRing, TransactionId, normalise_merchant
from txn_core.transactions.instants import DATE_LENGTH, Instant, now
from txn_core.transactions.reading import read_submission

_KEY_BYTES: Final = 32


class Statement(NamedTuple):
    """What a row says: its id, a digest of its content, and a name for its card that holds within one run.

    The time, which the digest covers as well, is what the row is looked for by. `of_forms` are the digests of what
    each table of the warehouse must say, in the order of the scribe's forms.
    """

    line: int
    transaction_id: str
    digest: int
    card: str
    occurred_at: Instant
    of_forms: tuple[int, ...] = ()


class Scribe:
    """Makes statements of rows, all under the same made-up keys, in whatever process it is sent to."""

    def __init__(
        self,
        luhn_exempt: IssuerRanges = NO_RANGES,
        forms: Sequence[Form] = (),
        keys: tuple[bytes, bytes] | None = None,
    ) -> None:
        """Take the card numbers that the service takes without a check digit, and the keys, if not new ones."""
        self._luhn_exempt, self._forms = luhn_exempt, forms
        self._made_up = keys or (secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_KEY_BYTES))
        card_key, identity_key = self._made_up
        self._keys = KeyRing({1: card_key}, identity_key=identity_key)

    def __reduce__(self) -> "tuple[Callable[..., Scribe], tuple[IssuerRanges, Sequence[Form], tuple[bytes, bytes]]]":
        """Pickle the keys alone: a ring holds objects that no other process can have."""
        return Scribe, (self._luhn_exempt, self._forms, self._made_up)

    def statements(self, rows: Sequence[Row]) -> list[Statement]:
        """The statements of the rows that the service would accept."""
        sound = (row for row in rows if isinstance(row, SoundRow))
        return list(filter(None, map(self.statement, sound)))

    def statement(self, row: SoundRow) -> Statement | None:
        """The row's statement; none when the service refuses such a transaction, so that it must not be stored."""
        try:
            submission = read_submission(
                row.body,
                fast_fields(row.body, self._luhn_exempt),
                request_text="",
                today=now()[:DATE_LENGTH],
                luhn_exempt=self._luhn_exempt,
            )
        except InvalidTransactionError:
            return None
        event = encode(
            submission,
            transaction_id=TransactionId(submission.transaction_id or ""),
            account=Account("verify"),
            keys=self._keys,
            accepted_at=now(),
        )
        document = from_json(event.data, cache_strings="keys")
        of_forms = tuple(form.digest(document) for form in self._forms)
        return Statement(
            row.line, event.transaction_id, digest_of(document), event.card_id, submission.occurred_at, of_forms
        )


class StoredIds(NamedTuple):
    """What the store derived of a transaction, and the name that one of the ids is of."""

    account: object
    card_id: object
    customer_id: object
    merchant_id: object
    merchant_name: object

    @classmethod
    def of(cls, document: Mapping[str, object]) -> Self:
        """Take the ids from a document, whatever it is."""
        get, merchant = document.get, document.get("merchant")
        name = merchant.get("name") if isinstance(merchant, Mapping) else None
        return cls(get("account"), get("card_id"), get("customer_id"), get("merchant_id"), name)


class Identities:
    """The ids that the store gave to cards, customers, merchants: each its own, and always the same."""

    def __init__(self) -> None:
        self._cards, self._customers, self._merchants = _Pairing(), _Pairing(), _Pairing()
        self.account: object = None

    def fit(self, card: str, ids: StoredIds) -> bool:
        """Whether the ids of a transaction of a card agree with those of all transactions before it."""
        # A new version of the card key gives a card a second id, and never more than one a version.
        versioned = f"{card} {str(ids.card_id).rsplit('_', 1)[0]}"
        name = "" if ids.merchant_name is None else normalise_merchant(str(ids.merchant_name))
        self.account = self.account or ids.account
        return (
            self._cards.fits(versioned, ids.card_id)
            and self._customers.fits(versioned, ids.customer_id)
            and self._merchants.fits(name, ids.merchant_id)
            and ids.account == self.account is not None
        )


@dataclass(frozen=True, slots=True)
class _Pairing:
    """Names of ours and ids of the store, one to one."""

    _ids: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def fits(self, name: str, identity: object) -> bool:
        """Whether the name has this id and the id this name, the first sight of either deciding."""
        if not isinstance(identity, str):
            return False
        return self._ids.setdefault(name, identity) == identity and self._names.setdefault(identity, name) == name
