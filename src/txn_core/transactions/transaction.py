"""The transaction as a client sends it, with every rule that a field alone can be held to.

Strict throughout: a number in quotes, a float for an amount or an unknown field is refused, because a terminal
that sends one has a fault that silence would hide. Bounds follow ISO 8583 where it has a field for it.
"""

import unicodedata
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from txn_core.card_numbers.free_text_fields import A_CODE, A_TIME, AN_ID
from txn_core.card_numbers.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.card_numbers.pan import Pan
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.contract_part import ContractPart, as_json, contract_part, is_of_usual_size
from txn_core.transactions.currency import EXPONENTS, decimals_in_words
from txn_core.transactions.duplicates import ANY_NAMES, AsWritten, duplicated_names, has_each_name_once, names_of
from txn_core.transactions.faults import (
    BEYOND,
    ID_PATTERN,
    TERMINAL_ID_PATTERN,
    TEXT_PATTERN,
    Fault,
    fault_of,
    rule_broken,
)
from txn_core.transactions.identity import normalise_merchant
from txn_core.transactions.instants import Instant, datetime_of, parse_birth_date, parse_local_instant
from txn_core.transactions.invisible import shows_something
from txn_core.transactions.payment_fields import (
    AcquirerId,
    AuthorizationCode,
    CardAcceptorId,
    Country,
    Mcc,
    Metadata,
    RetrievalReferenceNumber,
    SystemTraceAuditNumber,
    optional,
    refuse_half_amount,
    sound_metadata,
)
from txn_core.transactions.shown_text import ShownText

AMOUNT_MINOR_MAX: Final = 999_999_999_999  # ISO 8583 field 4: twelve digits
MERCHANT_KEY_BYTES_MAX: Final = 512  # a DynamoDB sort key holds 1,024
FAULTS_MAX: Final = 50
COLONS_OF_A_TIME: Final = 2
_CHARACTERS_KEPT: Final = 4_096

TransactionType = Literal["purchase", "refund", "reversal"]
# How the card was read (ISO 8583 field 22).
EntryMode = Literal[
    "unknown",
    "manual",
    "magnetic_stripe",
    "chip",
    "contactless",
    "fallback",
    "ecommerce",
    "credential_on_file",
]


def _known_currency(code: str) -> str:
    if code not in EXPONENTS:
        raise rule_broken("currency_unknown")
    return code


def _nameable(name: str) -> str:
    if not shows_something(name):
        raise rule_broken("merchant_name_blank")
    if not name.isascii() and _is_too_long(name):
        raise rule_broken("text_too_long")
    return name


def _is_too_long(name: str) -> bool:
    """Whether a name makes too long a key. A name of ASCII never does.

    Some characters stand for a whole sentence (U+FDFA for 18 letters), and to compare names by it takes thrice the
    time. So the name is spelt out character by character first: case and composition make a text at most thrice as
    long, and shorter by less than half.
    """
    size = sum(map(_spelt_out.__getitem__, name))
    if 3 * size <= MERCHANT_KEY_BYTES_MAX:
        return False
    return size > 2 * MERCHANT_KEY_BYTES_MAX or len(normalise_merchant(name).encode()) > MERCHANT_KEY_BYTES_MAX


class _SpeltOut(dict[str, int]):
    """How many bytes a character's compatible ones take (NFKC); those that were met first are kept."""

    def __missing__(self, character: str) -> int:
        size = len("".join(unicodedata.normalize("NFKC", character).split()).encode())
        if len(self) < _CHARACTERS_KEPT:
            self[character] = size
        return size


_spelt_out: Final = _SpeltOut()


Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
TransactionIdText = Annotated[str, StringConstraints(pattern=ID_PATTERN), AN_ID]
BirthDate = Annotated[str, AfterValidator(parse_birth_date), Field(json_schema_extra={"format": "date"}), A_TIME]
OccurredAt = Annotated[
    Instant,
    AfterValidator(parse_local_instant),
    Field(
        json_schema_extra={"format": "date-time", "maxLength": 35},
        description=(
            "RFC 3339 with an offset, without leap seconds. Of a fraction of a second, which may have nine digits, "
            "six are kept; the others are cut off."
        ),
    ),
    A_TIME,
]
AmountMinor = Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX)]
Currency = Annotated[
    str,
    AfterValidator(_known_currency),
    Field(
        json_schema_extra={"pattern": "^[A-Z]{3}$"},
        description=f"ISO 4217, in force and with minor units. {decimals_in_words()}",
    ),
    A_CODE,
]


class _Part(BaseModel):
    """The common rules of every object of the contract."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, object]]:
        """Nothing: until a request was searched for card numbers, any of its texts may be one."""
        return ()


AnyPart = TypeVar("AnyPart", bound=BaseModel)


class Merchant(_Part):
    """Where the money went. The place is the transaction's, not the merchant's."""

    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=100, pattern=TEXT_PATTERN),
        AfterValidator(_nameable),
    ]
    category: Annotated[str, ShownText(64)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    country: Country | None = optional()


class Customer(_Part):
    """Who paid, as far as the client knows."""

    reference: Annotated[str, ShownText(64), AN_ID] | None = None
    first_name: Annotated[str, ShownText(100)] | None = None
    last_name: Annotated[str, ShownText(100)] | None = None
    gender: Annotated[str, ShownText(16)] | None = None
    date_of_birth: BirthDate | None = None
    job: Annotated[str, ShownText(200)] | None = None
    street: Annotated[str, ShownText(200)] | None = None
    city: Annotated[str, ShownText(100)] | None = None
    state: Annotated[str, ShownText(64)] | None = None
    postal_code: Annotated[str, ShownText(16)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    city_population: Annotated[int, Field(ge=0, le=100_000_000)] | None = None


class Terminal(_Part):
    """The device (ISO 8583 field 41) and how it read the card."""

    terminal_id: Annotated[str, StringConstraints(pattern=TERMINAL_ID_PATTERN), AN_ID] | None = None
    entry_mode: EntryMode | None = None


def or_absent(part: AnyPart | None) -> AnyPart | None:
    """An object that says nothing is the same as none: a table row cannot tell them apart."""
    if part is None:
        return None
    values = [*part.__dict__.values()]
    return None if values.count(None) == len(values) else part


class TransactionRequest(_Part):
    """The body of `POST /transactions`, and one line of a bulk upload."""

    transaction_id: TransactionIdText | None = None
    type: Annotated[
        TransactionType,
        Field(
            description=(
                "A refund gives money of its original back, in whole or in part; a reversal takes its original back, "
                "as if it had not been. Amounts are positive in all three."
            )
        ),
    ] = "purchase"
    original_transaction_id: Annotated[
        TransactionIdText | None,
        Field(
            description=(
                "Of a refund or a reversal, which require it: the account's own transaction that it refers to, never "
                "itself. It may arrive later; neither that it is there nor its amount, currency, card or merchant "
                "is checked here: its `flags` tell when it is read."
            )
        ),
    ] = None
    card_number: Pan
    amount_minor: AmountMinor
    currency: Currency
    occurred_at: OccurredAt
    merchant: Merchant
    customer: Annotated[Customer | None, AfterValidator(or_absent)] = None
    terminal: Annotated[Terminal | None, AfterValidator(or_absent)] = None
    is_fraud: Annotated[bool | None, Field(description="A training label; never steers the service.")] = None
    mcc: Mcc | None = optional()
    authorization_code: AuthorizationCode | None = optional()
    retrieval_reference_number: RetrievalReferenceNumber | None = optional()
    system_trace_audit_number: SystemTraceAuditNumber | None = optional()
    acquirer_id: AcquirerId | None = optional()
    card_acceptor_id: CardAcceptorId | None = optional()
    cardholder_amount_minor: Annotated[
        AmountMinor | None,
        Field(description="What the cardholder is billed (ISO 8583 field 6), in minor units of its currency."),
    ] = optional()
    cardholder_currency: Annotated[
        Currency | None, Field(description="The currency of `cardholder_amount_minor` (ISO 8583 field 51).")
    ] = optional()
    metadata: Annotated[Metadata | None, AfterValidator(sound_metadata)] = optional()

    @model_validator(mode="after")
    def _fields_fit_together(self) -> Self:
        if (self.type == "purchase") != (self.original_transaction_id is None):
            raise rule_broken("original_unexpected" if self.type == "purchase" else "original_required")
        refuse_half_amount(self.__dict__)
        return self

    def names_sent(self) -> int:
        """How many names the objects of its document have; none are counted of an object that says nothing."""
        # What `model_fields_set` gives, in a third of its time.
        names = len(self.__pydantic_fields_set__) + len(self.merchant.__pydantic_fields_set__)
        if self.customer is not None:
            names += len(self.customer.__pydantic_fields_set__)
        if self.terminal is not None:
            names += len(self.terminal.__pydantic_fields_set__)
        return names if self.metadata is None else names + len(self.metadata)


_NAMES: Final = names_of(
    TransactionRequest,
    merchant=names_of(Merchant),
    customer=names_of(Customer),
    terminal=names_of(Terminal),
    metadata=ANY_NAMES,
)


_REQUIRED: Final = [name for name, field in TransactionRequest.model_fields.items() if field.is_required()]
_REQUIRED_AS_WRITTEN: Final = [f'"{name}"'.encode() for name in (*_REQUIRED, "name")]


def parse_transaction(body: bytes, luhn_exempt: IssuerRanges = NO_RANGES) -> TransactionRequest:
    """Read one JSON document as a transaction; card numbers in `luhn_exempt` need no check digit.

    Of a name that comes twice the last value counts here.

    Raises:
        MalformedJsonError: the bytes are not one JSON document in UTF-8.
        InvalidTransactionError: rules are broken; every broken rule is listed, up to a bound.
    """
    broken: list[Fault] | None = None
    if is_of_usual_size(body) and _names_what_is_required(body):
        request, broken = _validated(body, luhn_exempt)
        if request is not None:
            return request
    part = contract_part(body, _NAMES)
    if broken is None:
        request, broken = _validated_part(part, luhn_exempt)
        if request is not None and not part.beyond:
            return request
    once = has_each_name_once(body, part.names, colons_in_texts=0)
    twice = [] if once else duplicated_names(body, _NAMES)
    raise InvalidTransactionError(*[*dict.fromkeys([*twice, *broken, *part.beyond])][:FAULTS_MAX])


def _names_what_is_required(body: bytes) -> bool:
    """Whether it seems so. What it lets pass wrongly costs time alone."""
    for name in _REQUIRED_AS_WRITTEN:  # noqa: SIM110 - `all` takes twice the time
        if name not in body:
            return False
    return True


def _validated(
    document: bytes, luhn_exempt: IssuerRanges, missing: Collection[tuple[str, ...]] = ()
) -> tuple[TransactionRequest | None, list[Fault]]:
    """The request that a JSON document is, or the rules that the contract's fields break; `missing` ones are void."""
    try:
        return TransactionRequest.model_validate_json(document, context=luhn_exempt), []
    except ValidationError as errors:
        details = errors.errors(include_url=False, include_input=False)
    return None, [
        Fault(f"/{'/'.join(map(str, detail['loc']))}", "field_required")
        if detail["loc"] in missing
        else fault_of(detail)
        for detail in details
        if detail["type"] != BEYOND
    ]


def _validated_part(part: ContractPart, luhn_exempt: IssuerRanges) -> tuple[TransactionRequest | None, list[Fault]]:
    """The same of what is left of a document. pydantic would copy all of it into the error of each missing field."""
    if part.fields is None:
        return None, [Fault("", "object_required")]
    absent = [name for name in _REQUIRED if name not in part.fields]
    missing: list[tuple[str, ...]] = [(name,) for name in absent]
    fields = part.fields | {name: [] for name in absent}
    if isinstance(merchant := fields["merchant"], dict) and "name" not in merchant:
        missing.append(("merchant", "name"))
        merchant["name"] = []
    return _validated(as_json(fields), luhn_exempt, missing)


def refuse_duplicates(written: AsWritten, request: TransactionRequest) -> None:
    """Hold the document that a request was parsed of to naming nothing twice.

    Raises:
        InvalidTransactionError: `name_duplicated`.
    """
    if written.has_each_name_once(request.names_sent(), COLONS_OF_A_TIME):
        return
    if faults := duplicated_names(written, _NAMES):
        raise InvalidTransactionError(*faults[:FAULTS_MAX])


def refuse_future(occurred_at: Instant, *, now: Instant, ahead_s_max: float) -> None:
    """Hold a time against the server's clock, which shows `now`.

    Raises:
        InvalidTransactionError: `timestamp_in_future`.
    """
    if datetime_of(occurred_at) > datetime_of(now) + timedelta(seconds=ahead_s_max):
        raise InvalidTransactionError(Fault("/occurred_at", "timestamp_in_future"))
