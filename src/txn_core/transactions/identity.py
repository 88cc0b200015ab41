"""Identities, in one place: every id is derived from what it identifies, so no process ever looks one up.

A derived id is a prefix and 32 lower-case hex digits of an HMAC-SHA-256 over a context string and the subject.
Card ids depend on the card key, of which a compromise makes a new version; merchant ids and ids of client-given
references depend on the identity key, which never rotates.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NewType, Self

from txn_core.card_numbers.pan import Pan
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_core.transactions.invisible import without_ignorable

Account = NewType("Account", str)
CardId = NewType("CardId", str)
CustomerId = NewType("CustomerId", str)
MerchantId = NewType("MerchantId", str)
TransactionId = NewType("TransactionId", str)
AlertId = NewType("AlertId", str)
CaseId = NewType("CaseId", str)

ACCOUNT_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
CARD_ID_PATTERN = r"^card_[1-9][0-9]{0,3}_[0-9a-f]{32}$"
CUSTOMER_ID_PATTERN = r"^cus_[0-9a-f]{32}$"
MERCHANT_ID_PATTERN = r"^mer_[0-9a-f]{32}$"
ALERT_ID_PATTERN = r"^alr_[0-9a-f]{32}$"
CASE_ID_PATTERN = r"^cas_[0-9a-f]{32}$"
# A few thousand names are on most of the slips; no other id is kept, least of all by a card number.
MERCHANTS_CACHED_MAX = 8_192


def identity_key_of(settings: Settings) -> bytes:
    """The identity key alone, for whoever derives no card id.

    Raises:
        SettingsError: it is missing.
    """
    if settings.identity_key is None:
        raise SettingsError("TXN_IDENTITY_KEY is required; a local stack (`txn up`, `--data-dir`) has its own")
    return settings.identity_key.get_secret_value()


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that ids are derived under. The highest card key version signs; older ones serve retained data."""

    card_keys: Mapping[int, bytes] = field(repr=False)
    identity_key: bytes = field(repr=False)
    signing_version: int = field(init=False)
    """The card key version that new card ids carry."""
    _cards: "Mapping[int, _Signer]" = field(init=False, repr=False, compare=False)
    _customers_by_card: "_Signer" = field(init=False, repr=False, compare=False)
    _customers: "_Signer" = field(init=False, repr=False, compare=False)
    _merchants: "_Signer" = field(init=False, repr=False, compare=False)
    _transactions: "_Signer" = field(init=False, repr=False, compare=False)
    _masks: "_Signer" = field(init=False, repr=False, compare=False)
    _alerts: "_Signer" = field(init=False, repr=False, compare=False)
    _cases: "_Signer" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        newest = max(self.card_keys)
        for name, value in {
            "signing_version": newest,
            "_cards": {version: _Signer(key, "card_id") for version, key in self.card_keys.items()},
            "_customers_by_card": _Signer(self.card_keys[newest], "customer_id/card"),
            "_customers": _Signer(self.identity_key, "customer_id/reference"),
            "_merchants": _Signer(self.identity_key, "merchant_id"),
            "_transactions": _Signer(self.identity_key, "transaction_id"),
            "_masks": _Signer(self.identity_key, "mask"),
            "_alerts": _Signer(self.identity_key, "alert_id"),
            "_cases": _Signer(self.identity_key, "case_id"),
        }.items():
            object.__setattr__(self, name, value)  # it is frozen from here on

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Take the keys out of the settings.

        Raises:
            SettingsError: a key is missing.
        """
        if not settings.card_keys or settings.identity_key is None:
            raise SettingsError(
                "TXN_CARD_KEYS and TXN_IDENTITY_KEY are required; a local stack (`txn up`, `--data-dir`) has its own"
            )
        return cls(
            card_keys={version: key.get_secret_value() for version, key in settings.card_keys.items()},
            identity_key=settings.identity_key.get_secret_value(),
        )

    def card_id(self, pan: Pan, version: int | None = None) -> CardId:
        """The id of a card under a key version, the signing one unless told."""
        version = version or self.signing_version
        return CardId(f"card_{version}_{self._cards[version].id_of(pan.digits_for_identity())}")

    def card_ids(self, pan: Pan) -> tuple[CardId, ...]:
        """The ids of a card under every version that may have data, the signing one first."""
        return tuple(self.card_id(pan, version) for version in sorted(self.card_keys, reverse=True))

    def older_card_ids(self, pan: Pan) -> tuple[CardId, ...]:
        """The ids of a card under the versions before the signing one, newest first: none but after a compromise."""
        return tuple(self.card_id(pan, version) for version in sorted(self.card_keys, reverse=True)[1:])

    def customer_id(self, account: Account, reference: str | None, pan: Pan) -> CustomerId:
        """The id of a customer: of the client's own reference within its account, or else of the card."""
        if reference is not None:
            return CustomerId(f"cus_{self._customers.id_of(account + _PART + reference)}")
        return CustomerId(f"cus_{self._customers_by_card.id_of(pan.digits_for_identity())}")

    def merchant_id(self, name: str) -> MerchantId:
        """The id of a merchant by its name, whatever its casing and spacing."""
        return _merchant_id(self._merchants, name)

    def former_merchant_ids(self, name: str) -> tuple[MerchantId, ...]:
        """The ids that earlier events carry for a name whose form has changed since (ADR 24): for most names none."""
        former = formerly_normalised(name)
        return () if former == normalise_merchant(name) else (MerchantId(f"mer_{self._merchants.id_of(former)}"),)

    def transaction_id(self, account: Account, idempotency_key: str) -> TransactionId:
        """The id of a transaction whose client sent only an Idempotency-Key."""
        return TransactionId(f"txn_{self._transactions.id_of(account + _PART + idempotency_key)}")

    def alert_id(self, account: Account, transaction_id: TransactionId) -> AlertId:
        """The id of the one alert that a transaction may have."""
        return AlertId(f"alr_{self._alerts.id_of(account + _PART + transaction_id)}")

    def case_id(self, account: Account, card_id: CardId, number: int) -> CaseId:
        """The id of a card's case, which are numbered from 1."""
        return CaseId(f"cas_{self._cases.id_of(f'{account}{_PART}{card_id}{_PART}{number}')}")

    def mask_id(self, account: Account, mask: str, ends_at: int) -> str:
        """What a mask of an account is called on the day that ends at a Unix time: it is stored nowhere by itself."""
        return self._masks.id_of(f"{account}{_PART}{mask}{_PART}{ends_at}")


def key_version(card_id: CardId) -> int:
    """The version of the card key that an id was made under."""
    return int(card_id.split("_", 2)[1])


def normalise_merchant(name: str) -> str:
    """The form in which merchant names are compared: Unicode's NFKC_Casefold, with white space collapsed (ADR 24).

    A name of nothing but default-ignorable characters and white space, which only earlier events have, keeps its
    former form: an empty one would make one merchant of all of them.
    """
    return normalise_prefix(name) or formerly_normalised(name)


def normalise_prefix(prefix: str) -> str:
    """The same of the beginning of names. One that shows nothing is empty: all names begin with it."""
    return formerly_normalised(prefix if prefix.isascii() else without_ignorable(prefix))


def formerly_normalised(name: str) -> str:
    """The form of merchant names before ignorable characters were dropped; of a name without them it is the same.

    NFKC again behind casefold, which takes some letters apart (Unicode, D146): without it `ΐ` and its capital differ.
    """
    if name.isascii():  # which NFKC leaves alone
        return " ".join(name.lower().split())
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


class _Signer:
    """HMAC-SHA-256 (RFC 2104) under one key and context, hashed once: half of the time of `hmac.digest`."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes, context: str) -> None:
        block = (key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER_PAD) + f"txn-api/{context}{_PART}".encode())
        self._outer = hashlib.sha256(block.translate(_OUTER_PAD))

    def id_of(self, subject: str) -> str:
        """32 hex digits that follow from the key, the context and what is identified, whose parts a NUL joins."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(subject.encode())
        outer.update(inner.digest())
        return outer.hexdigest()[:32]


_PART = "\0"
_BLOCK_BYTES = 64
_INNER_PAD, _OUTER_PAD = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


@lru_cache(MERCHANTS_CACHED_MAX)
def _merchant_id(signer: _Signer, name: str) -> MerchantId:
    return MerchantId(f"mer_{signer.id_of(normalise_merchant(name))}")
