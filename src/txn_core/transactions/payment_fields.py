"""The payment fields: what the messages of a card payment say of it, each optional.

An event that has one of them is of schema version 2, and a field that is absent leaves no trace in an event. Numbers
of fields are those of ISO 8583:1987, which later editions keep.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import to_json

from txn_core.card_numbers.free_text_fields import A_CODE, AN_ID
from txn_core.transactions.countries import COUNTRIES
from txn_core.transactions.faults import (
    ACQUIRER_ID_PATTERN,
    AUTHORIZATION_CODE_PATTERN,
    CARD_ACCEPTOR_ID_PATTERN,
    COUNTRY_PATTERN,
    MCC_PATTERN,
    METADATA_NAME_PATTERN,
    RETRIEVAL_REFERENCE_PATTERN,
    TRACE_NUMBER_PATTERN,
    is_sensitive,
    rule_broken,
)
from txn_core.transactions.shown_text import ShownText

PAYMENT_FIELDS: Final = (
    *("mcc", "authorization_code", "retrieval_reference_number", "system_trace_audit_number", "acquirer_id"),
    *("card_acceptor_id", "cardholder_amount_minor", "cardholder_currency", "metadata"),
)
"""Those of the transaction itself, in their order; `COUNTRY` is the merchant's."""
COUNTRY: Final = "country"
METADATA: Final = "metadata"
METADATA_PAIRS_MAX: Final = 20
METADATA_VALUE_CHARS_MAX: Final = 200
METADATA_BYTES_MAX: Final = 5_120
"""As JSON in UTF-8: 20 pairs of the longest names and texts in ASCII fit."""


def is_none(value: object) -> bool:
    """Whether a field is absent."""
    return value is None


def optional() -> Any:
    """The default of a field that is written only where it says something."""
    return Field(default=None, exclude_if=is_none)


def sound_metadata(pairs: dict[str, str] | None) -> dict[str, str] | None:
    """Metadata whose names and values are sound by themselves, sorted by name; None where there are no pairs.

    Raises:
        PydanticCustomError: `sensitive_authentication_data`, by the name of a pair; `metadata_too_large`.
    """
    if not pairs:
        return None
    if len(to_json(pairs)) > METADATA_BYTES_MAX:
        raise rule_broken("metadata_too_large")
    if any(map(is_sensitive, pairs)):
        raise rule_broken("sensitive_authentication_data")
    return dict(sorted(pairs.items()))


def refuse_half_amount(fields: Mapping[str, object]) -> None:
    """Hold the cardholder's amount to having a currency, and the currency to having an amount.

    Raises:
        PydanticCustomError: `cardholder_amount_incomplete`.
    """
    if (fields.get("cardholder_amount_minor") is None) != (fields.get("cardholder_currency") is None):
        raise rule_broken("cardholder_amount_incomplete")


def _known_country(code: str) -> str:
    if code not in COUNTRIES:
        raise rule_broken("country_unknown")
    return code


Mcc = Annotated[
    str,
    StringConstraints(pattern=MCC_PATTERN),
    Field(description="The merchant category code of ISO 18245. Its form is checked; whether it is assigned is not."),
    A_CODE,
]
AuthorizationCode = Annotated[
    str,
    StringConstraints(pattern=AUTHORIZATION_CODE_PATTERN),
    Field(description="The issuer's answer to the authorization (ISO 8583 field 38)."),
    AN_ID,
]
RetrievalReferenceNumber = Annotated[
    str,
    StringConstraints(pattern=RETRIEVAL_REFERENCE_PATTERN),
    Field(description="ISO 8583 field 37: the same in all messages of a payment."),
    AN_ID,
]
SystemTraceAuditNumber = Annotated[
    str,
    StringConstraints(pattern=TRACE_NUMBER_PATTERN),
    Field(description="ISO 8583 field 11, with its leading zeros."),
    AN_ID,
]
AcquirerId = Annotated[
    str,
    StringConstraints(pattern=ACQUIRER_ID_PATTERN),
    Field(description="The acquiring institution's identification code (ISO 8583 field 32)."),
    AN_ID,
]
CardAcceptorId = Annotated[
    str,
    StringConstraints(pattern=CARD_ACCEPTOR_ID_PATTERN),
    Field(description="The card acceptor's identification code (ISO 8583 field 42), without blanks around it."),
    AN_ID,
]
Country = Annotated[
    str,
    AfterValidator(_known_country),
    Field(
        json_schema_extra={"pattern": COUNTRY_PATTERN},
        description="Where the merchant is: the alpha-2 code of ISO 3166-1, officially assigned.",
    ),
    A_CODE,
]
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=METADATA_NAME_PATTERN)],
        Annotated[str, ShownText(METADATA_VALUE_CHARS_MAX)],
    ],
    Field(
        max_length=METADATA_PAIRS_MAX,
        json_schema_extra={"additionalProperties": False},
        description=(
            "The client's own pairs of a name and a text, kept in the order of the names, together "
            f"{METADATA_BYTES_MAX:,} bytes of JSON in UTF-8 at most. Both are searched for card "
            "numbers; a name may not say that its text is a security code, a PIN or track data."
        ),
    ),
]
