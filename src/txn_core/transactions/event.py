"""The event: one transaction as it stands on the stream, in the index and in the lake, for ever.

Compact JSON with every field of its schema version, in one order, so that equal content is equal bytes. Writing
puts the client's fields behind the derived ones without going through a second object; reading accepts every
version ever written and holds types, not the rules that clients are held to (those may tighten, events may not).
"""

import hashlib
import json
import operator
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import from_json

from txn_core.card_numbers.pan import MASK_PATTERN
from txn_core.exceptions import EventError
from txn_core.setting_groups.key_settings import CARD_KEYS_MAX
from txn_core.transactions.faults import ID_PATTERN
from txn_core.transactions.identity import (
    ACCOUNT_PATTERN,
    CARD_ID_PATTERN,
    CUSTOMER_ID_PATTERN,
    MERCHANT_ID_PATTERN,
    Account,
    CardId,
    CustomerId,
    KeyRing,
    MerchantId,
    TransactionId,
)
from txn_core.transactions.instants import INSTANT_PATTERN, OFFSET_MAX, Instant, real_instant
from txn_core.transactions.payment_fields import COUNTRY, PAYMENT_FIELDS, optional
from txn_core.transactions.submission import Submission, is_short
from txn_core.transactions.transaction import or_absent

SCHEMA_VERSION: Final = 2
"""The newest version. An event is of the first one that can hold it, so most events are of version 1."""
EventSchema = Literal[1, 2]
OFFSET: Final = "occurred_at_offset_minutes"
LATER_FIELDS: Final = frozenset({OFFSET, *PAYMENT_FIELDS})
"""What events of version 1 do not have; nor has their merchant a country."""
# Fields that the service adds: two events have the same content when all the others are equal.
_DERIVED: Final = frozenset({"schema", "accepted_at", "account", "card_masked", "customer_id", "merchant_id", OFFSET})
# The ids of the card: which of them an event carries depends on the key ring of its day.
_OF_CARD: Final = frozenset({"card_id", "card_aliases"})

CardIdText = Annotated[CardId, StringConstraints(pattern=CARD_ID_PATTERN)]
# What the lake's columns can hold; JSON itself bounds neither.
_Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
_Degrees = Annotated[float, Field(allow_inf_nan=False)]
_Moment = Annotated[Instant, StringConstraints(pattern=INSTANT_PATTERN), AfterValidator(real_instant)]


def _sorted_or_none(pairs: dict[str, str] | None) -> dict[str, str] | None:
    """Metadata in the one order that it is written in; without a pair it is the same as none."""
    return dict(sorted(pairs.items())) if pairs else None


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class EventMerchant(_Part):
    """Where the money went."""

    name: str
    category: str | None
    latitude: _Degrees | None
    longitude: _Degrees | None
    country: str | None = optional()


class EventCustomer(_Part):
    """Who paid."""

    reference: str | None
    first_name: str | None
    last_name: str | None
    gender: str | None
    date_of_birth: str | None
    job: str | None
    street: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    latitude: _Degrees | None
    longitude: _Degrees | None
    city_population: _Int64 | None


class EventTerminal(_Part):
    """The device and how it read the card."""

    terminal_id: str | None
    entry_mode: str | None


class Event(_Part):
    """Schema version 1 or 2. What came with version 2 is absent from an event that has nothing to say of it."""

    schema_version: Annotated[EventSchema, Field(alias="schema")]
    transaction_id: Annotated[TransactionId, StringConstraints(pattern=ID_PATTERN)]
    account: Annotated[Account, StringConstraints(pattern=ACCOUNT_PATTERN)]
    card_id: CardIdText
    card_masked: Annotated[str, StringConstraints(pattern=MASK_PATTERN)]
    customer_id: Annotated[CustomerId, StringConstraints(pattern=CUSTOMER_ID_PATTERN)]
    merchant_id: Annotated[MerchantId, StringConstraints(pattern=MERCHANT_ID_PATTERN)]
    accepted_at: _Moment
    # Absent but behind a compromise of the card key: events of one key version are the bytes that they always were.
    card_aliases: Annotated[tuple[CardIdText, ...], Field(min_length=1, max_length=CARD_KEYS_MAX - 1)] = Field(
        default_factory=tuple,
        exclude_if=operator.not_,
        description="The card's ids under older versions of the card key.",
    )
    occurred_at_offset_minutes: Annotated[int, Field(ge=-OFFSET_MAX, le=OFFSET_MAX)] | None = Field(
        default=None,
        exclude_if=operator.not_,
        description="The offset from UTC that the client wrote `occurred_at` with, in minutes; absent for none.",
    )
    type: str
    original_transaction_id: str | None
    amount_minor: _Int64
    currency: str
    occurred_at: _Moment
    merchant: EventMerchant
    customer: Annotated[EventCustomer | None, AfterValidator(or_absent)]
    terminal: Annotated[EventTerminal | None, AfterValidator(or_absent)]
    is_fraud: bool | None
    mcc: str | None = optional()
    authorization_code: str | None = optional()
    retrieval_reference_number: str | None = optional()
    system_trace_audit_number: str | None = optional()
    acquirer_id: str | None = optional()
    card_acceptor_id: str | None = optional()
    cardholder_amount_minor: _Int64 | None = optional()
    cardholder_currency: str | None = optional()
    metadata: Annotated[dict[str, str] | None, AfterValidator(_sorted_or_none)] = optional()

    @classmethod
    def decode(cls, data: bytes | str) -> Self:
        """Read an event of any version.

        Raises:
            EventError: the bytes are not an event. Says which field, never what stood there.
        """
        try:
            event = cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = "/".join(str(step) for step in first["loc"] if step in cls.model_fields)
            raise EventError(f"{first['type']} at /{where}") from None
        if event.schema_version == 1 and event.is_beyond_version_1():
            raise EventError("beyond_schema_1 at /") from None
        return event

    def is_beyond_version_1(self) -> bool:
        """Whether readers of version 1 alone refuse it whatever version it names."""
        return (
            not LATER_FIELDS.isdisjoint(self.__pydantic_fields_set__)
            or COUNTRY in self.merchant.__pydantic_fields_set__
            or is_short(self.transaction_id)
        )


class EncodedEvent(NamedTuple):
    """An event's bytes, the ids that its acknowledgement repeats, and the mask of its card."""

    data: bytes
    transaction_id: TransactionId
    card_id: CardId
    customer_id: CustomerId
    merchant_id: MerchantId
    accepted_at: Instant
    card_masked: str


def encode(
    submission: Submission,
    *,
    transaction_id: TransactionId,
    account: Account,
    keys: KeyRing,
    accepted_at: Instant,
    event_schema: int = 1,
) -> EncodedEvent:
    """Turn an accepted submission into its event. The card number ends here.

    `event_schema` is the newest version that readers know. What the client said is in the event in any case; the
    offset of its time, which no other field needs, from version 2 on.
    """
    pan = submission.card_number
    masked = pan.masked
    card_id = keys.card_id(pan)
    customer_id = keys.customer_id(account, submission.customer_reference, pan)
    merchant_id = keys.merchant_id(submission.merchant_name)
    aliases = "" if len(keys.card_keys) == 1 else _aliases(keys.older_card_ids(pan))
    schema, offset = submission.event_schema, ""
    if submission.offset_minutes and event_schema > 1:
        schema, offset = 2, f'"{OFFSET}":{submission.offset_minutes},'
    # Ids, masks and instants need no escaping; their patterns see to that.
    derived = (
        f'{{"schema":{schema},"transaction_id":"{transaction_id}","account":"{account}",'
        f'"card_id":"{card_id}","card_masked":"{masked}","customer_id":"{customer_id}",'
        f'"merchant_id":"{merchant_id}","accepted_at":"{accepted_at}",{aliases}{offset}'
    )
    data = derived.encode() + submission.client_fields[1:]
    # As its class makes one, without a call of Python.
    return tuple.__new__(EncodedEvent, (data, transaction_id, card_id, customer_id, merchant_id, accepted_at, masked))


def same_content(one: bytes | str, other: bytes | str) -> bool:
    """Whether two events of one transaction id say the same of it, an id that both know standing for the card."""
    (fields, cards), (other_fields, other_cards) = _content(one), _content(other)
    return fields == other_fields and not cards.isdisjoint(other_cards)


def content_digests(data: bytes | str) -> frozenset[str]:
    """32 hex digits for each id of the card; two events share some when their content is the same.

    Both events as `encode` writes them. Not one digest alone: which versions of a card's id an event carries follows
    from the key ring of its day.
    """
    fields, cards = _content(data)
    return frozenset(_digest({**fields, "card_id": card}) for card in cards)


def _digest(content: dict[str, object]) -> str:
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()


def _content(data: bytes | str) -> tuple[dict[str, object], frozenset[str]]:
    """What the client said but for the card, and the ids of that."""
    document: dict[str, Any] = from_json(data)
    fields = {name: value for name, value in document.items() if name not in _DERIVED and name not in _OF_CARD}
    return fields, frozenset((document["card_id"], *document.get("card_aliases", ())))


def _aliases(card_ids: tuple[CardId, ...]) -> str:
    quoted = ",".join(f'"{card_id}"' for card_id in card_ids)
    return f'"card_aliases":[{quoted}],'
