"""What can be wrong with a transaction: a stable code each, with a fixed text.

A fault says where (an RFC 6901 pointer made of *our* field names) and which rule, and never repeats what was
sent: a mistyped card number in an error body would be a card number in somebody's log.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from pydantic_core import ErrorDetails, PydanticCustomError

from txn_core.transactions.invisible import VISIBLE_PATTERN
from txn_core.transactions.plain_text import SEPARATORS

ID_PATTERN: Final = r"^[A-Za-z0-9_-]{6,64}$"
TERMINAL_ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,32}$"
CURRENCY_PATTERN: Final = "^[A-Z]{3}$"
"""Of an ISO 4217 code that is only looked up."""
# ISO 18245, and the fields 38, 37, 11, 32 and 42 of ISO 8583.
MCC_PATTERN: Final = "^[0-9]{4}$"
AUTHORIZATION_CODE_PATTERN: Final = "^[A-Za-z0-9]{6}$"
RETRIEVAL_REFERENCE_PATTERN: Final = "^[A-Za-z0-9]{12}$"
TRACE_NUMBER_PATTERN: Final = "^[0-9]{6}$"
ACQUIRER_ID_PATTERN: Final = "^[0-9]{1,11}$"
CARD_ACCEPTOR_ID_PATTERN: Final = "^[!-~](?:[ -~]{0,13}[!-~])?$"
COUNTRY_PATTERN: Final = "^[A-Z]{2}$"
"""Of an alpha-2 code of ISO 3166-1, as far as a pattern goes."""
METADATA_NAME_PATTERN: Final = "^[A-Za-z][A-Za-z0-9_.-]{0,39}$"
_CONTROLS: Final = r"\x00-\x1f\x7f-\x9f"
# The line and the paragraph separator, and what turns the direction of text (Unicode Standard Annex 9, 2): with them
# a name is shown as another one, and a line of a list as two.
_STEERING: Final = r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
CONTROL_FREE_PATTERN: Final = rf"^[^{_CONTROLS}]*$"
"""Of texts that are only looked up, and of those that were taken before `TEXT_PATTERN` was the rule."""
TEXT_PATTERN: Final = rf"^[^{_CONTROLS}{_STEERING}]*$"
"""Of names and free texts that are stored. Joiners (U+200C, U+200D) are letters' business, and stay."""

MESSAGES: Final[dict[str, str]] = {
    "amounts_reversed": "must not be above `amount_max`",
    "acquirer_id_format": "must be 1 to 11 digits (ISO 8583 field 32)",
    "authorization_code_format": "must be 6 letters or digits (ISO 8583 field 38)",
    "card_acceptor_id_format": "must be 1 to 15 printable ASCII characters without blanks around (ISO 8583 field 42)",
    "card_number_format": "must be a string of 8 to 19 digits",
    "card_number_luhn": "fails the Luhn check (ISO/IEC 7812-1)",
    "card_number_misplaced": "holds a card number or track data where none may stand",
    "cardholder_amount_incomplete": "cardholder_amount_minor and cardholder_currency must come together",
    "column_duplicated": "a column of the layout comes twice in the header",
    "column_missing": "the header has no column for it",
    "control_character": "must not hold controls, line separators or marks that turn the direction of writing",
    "currency_format": "must be the three capital letters of an ISO 4217 code",
    "country_unknown": "is not an alpha-2 country code of ISO 3166-1",
    "currency_unknown": "is not an ISO 4217 currency with minor units",
    "customer_scope_required": "names fields of a customer that need the scope customer:read",
    "date_format": "must be a calendar date YYYY-MM-DD",
    "date_out_of_range": "must lie between 1850-01-01 and today",
    "field_required": "is required",
    "field_unknown": "holds a field that is not part of the contract",
    "id_format": "must be 6 to 64 characters of A-Z, a-z, 0-9, _ and -",
    "id_required": "is required unless an Idempotency-Key is sent",
    "integer_required": "must be an integer, not a float or a string",
    "invalid_value": "does not fit the contract",
    "mcc_format": "must be four digits (ISO 18245)",
    "merchant_name_blank": "must hold something other than white space and invisible characters",
    "metadata_too_large": "must not be more than 5,120 bytes as JSON in UTF-8",
    "metadata_name_format": (
        "a name must be 1 to 40 characters of A-Z, a-z, 0-9, _, . and -, the first of them a letter"
    ),
    "name_duplicated": "a name may come only once, in an object as in a query",
    "not_accepted_yet": "is not accepted until the service writes event schema 2; an id has 8 characters until then",
    "not_finite": "must be a finite number",
    "number_out_of_range": "is out of range",
    "number_required": "must be a number",
    "boolean_required": "must be true or false",
    "object_required": "must be an object",
    "original_is_itself": "must not be the transaction's own id",
    "original_required": "must name the original of a refund or reversal",
    "original_unexpected": "is only for refunds and reversals",
    "retrieval_reference_format": "must be 12 letters or digits (ISO 8583 field 37)",
    "sensitive_authentication_data": "security codes, PINs and track data are never accepted (PCI DSS 3.3.1)",
    "range_reversed": "must not lie after `to`",
    "selector_required": "give exactly one of card_number, card_id and merchant_name",
    "string_required": "must be a string",
    "text_blank": "must hold something other than white space and invisible characters",
    "text_too_long": "is too long",
    "terminal_id_format": "must be 1 to 32 characters of A-Z, a-z, 0-9, _ and -",
    "text_too_short": "is too short",
    "timestamp_format": (
        "must be an RFC 3339 time with at most nine fractional digits and no leap second (23:59:60), "
        "such as 2019-01-01T00:00:18Z"
    ),
    "timestamp_in_future": "lies too far ahead of the server's clock",
    "timestamp_offset_required": "must carry an offset from UTC, such as Z",
    "timestamp_plus_lost": "has a space for the + of its offset: in a query + is a space, so send it as %2B",
    "timestamp_out_of_range": "must not lie before 1970",
    "too_many_pairs": "must not have more than 20 pairs",
    "trace_number_format": "must be 6 digits (ISO 8583 field 11)",
    "value_not_allowed": "is not one of the allowed values",
}

BEYOND: Final = "extra_forbidden"
"""pydantic's type of an error for a name that the contract does not have."""

_POINTERS_KEPT: Final = 256
_OF_METADATA: Final = ("metadata",)
_OUR_NAME: Final = re.compile(r"[a-z]+(?:_[a-z]+)*")

_CODE_OF_PYDANTIC_TYPE: Final[dict[str, str]] = {
    "missing": "field_required",
    BEYOND: "field_unknown",
    "string_type": "string_required",
    "string_too_long": "text_too_long",
    "string_too_short": "text_too_short",
    "too_long": "too_many_pairs",
    "string_unicode": "string_required",
    "int_type": "integer_required",
    "int_from_float": "integer_required",
    "int_parsing": "integer_required",
    "int_parsing_size": "number_out_of_range",
    "float_type": "number_required",
    "finite_number": "not_finite",
    "greater_than_equal": "number_out_of_range",
    "less_than_equal": "number_out_of_range",
    "bool_type": "boolean_required",
    "model_type": "object_required",
    "dict_type": "object_required",
    "model_attributes_type": "object_required",
    "literal_error": "value_not_allowed",
    "enum": "value_not_allowed",
}

_CODE_OF_PATTERN: Final[dict[str, str]] = {
    ID_PATTERN: "id_format",
    TERMINAL_ID_PATTERN: "terminal_id_format",
    CURRENCY_PATTERN: "currency_format",
    MCC_PATTERN: "mcc_format",
    AUTHORIZATION_CODE_PATTERN: "authorization_code_format",
    RETRIEVAL_REFERENCE_PATTERN: "retrieval_reference_format",
    TRACE_NUMBER_PATTERN: "trace_number_format",
    ACQUIRER_ID_PATTERN: "acquirer_id_format",
    CARD_ACCEPTOR_ID_PATTERN: "card_acceptor_id_format",
    METADATA_NAME_PATTERN: "metadata_name_format",
    CONTROL_FREE_PATTERN: "control_character",
    TEXT_PATTERN: "control_character",
    VISIBLE_PATTERN: "text_blank",
}

# Names of data that PCI DSS 3.3.1 forbids to keep after authorisation, compared without case and punctuation.
_SENSITIVE_NAMES: Final = frozenset(
    {
        *("cav2", "cid", "csc", "cvc", "cvc2", "cvn", "cvv", "cvv2", "securitycode"),
        *("cardpin", "encryptedpin", "pin", "pincode", "pindata", "pinnumber", "pinoffset", "pvv"),
        *("magstripe", "track", "track1", "track2", "track3", "trackdata"),
    }
)
_SENSITIVE_PART: Final = re.compile("cv[cv]|securitycode|verification(?:code|value)|pinblock|track(?:[123]|data)")
_FEW_NAMES: Final = 8
_SEPARATORS_IN_NAMES: Final = SEPARATORS.replace(b"\n", b"")


class Fault(NamedTuple):
    """One broken rule: `pointer` (RFC 6901, "" for the whole document) and `code` (a key of `MESSAGES`)."""

    pointer: str
    code: str

    @property
    def message(self) -> str:
        """The fixed text of the code."""
        return MESSAGES[self.code]


def fault_of(error: ErrorDetails) -> Fault:
    """Translate one pydantic error, dropping every part of it that a client could have written."""
    kind, where = error["type"], error["loc"]
    if kind == BEYOND:
        code = "sensitive_authentication_data" if is_sensitive(str(where[-1])) else "field_unknown"
        return Fault(_pointer(where[:-1]), code)
    return Fault(_pointer(where), _code_of(kind, error.get("ctx", {})))


def faults_of_unknown(pointer: str, names: Collection[str]) -> Iterator[Fault]:
    """What is wrong with names that the object at `pointer` may not have: each code once."""
    if len(names) <= _FEW_NAMES:
        codes = {"sensitive_authentication_data" if is_sensitive(name) else "field_unknown" for name in names}
    else:
        codes = {"field_unknown", *(["sensitive_authentication_data"] if _one_is_sensitive(names) else [])}
    return (Fault(pointer, code) for code in sorted(codes))


def rule_broken(code: str) -> PydanticCustomError:
    """The error that a validator raises for one of our codes; its text is the fixed one."""
    return PydanticCustomError(code, MESSAGES[code])


def _code_of(kind: str, context: Mapping[str, object]) -> str:
    if kind in MESSAGES:
        return kind
    if kind == "string_pattern_mismatch":
        return _CODE_OF_PATTERN.get(str(context["pattern"]), "invalid_value")
    return _CODE_OF_PYDANTIC_TYPE.get(kind, "invalid_value")


def is_sensitive(name: str) -> bool:
    """Whether a name says that its value is a security code, a PIN or track data."""
    if name.isascii():
        plain = name.encode().translate(None, SEPARATORS).decode().lower()
    else:
        plain = "".join([c for c in name.casefold() if c.isalnum()])
    return plain in _SENSITIVE_NAMES or _SENSITIVE_PART.search(plain) is not None


def _one_is_sensitive(names: Collection[str]) -> bool:
    """Whether any name is: the same of all names at once, which is ten times as fast."""
    lines = "\n".join(names)
    if lines.count("\n") >= len(names):
        lines = "\n".join([name.replace("\n", "") for name in names])
    lines = lines.casefold()
    if lines.isascii():
        plain = lines.encode().translate(None, _SEPARATORS_IN_NAMES).decode()
    else:
        plain = "".join([c for c in lines if c.isalnum() or c == "\n"])
    return not _SENSITIVE_NAMES.isdisjoint(plain.split("\n")) or _SENSITIVE_PART.search(plain) is not None


@lru_cache(_POINTERS_KEPT)
def _pointer(where: tuple[int | str, ...]) -> str:
    # A union adds steps of its own ("function-after[...]"). The contract's names are of letters alone. Those of
    # metadata are the client's, and are not repeated.
    if where[:1] == _OF_METADATA:
        where = _OF_METADATA
    return "".join(f"/{step}" for step in where if isinstance(step, int) or _OUR_NAME.fullmatch(step))
