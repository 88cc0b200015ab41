"""The short way for request bodies of the usual form: plain ASCII, no escapes, times in UTC, every rule kept.

`TransactionRequest` says what a transaction is, and calls Python for half of its rules; that takes most of the time
of a parse. Here pydantic holds a body to the same fields in one go without leaving its core, by a schema that is made
of the model's by leaving out the calls, and the rules that were left out are looked at together. Sufficient, not
necessary: what is of another form, or breaks any rule, is left to the long way, which alone says what is wrong.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final

from pydantic_core import PydanticCustomError, SchemaValidator, ValidationError, core_schema, to_json

from txn_core.card_numbers.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.card_numbers.pan import Pan
from txn_core.transactions.contract_part import USUAL_BYTES_MAX, USUAL_COLONS_MAX
from txn_core.transactions.countries import COUNTRIES
from txn_core.transactions.currency import EXPONENTS
from txn_core.transactions.duplicates import has_each_name_once
from txn_core.transactions.faults import TEXT_PATTERN
from txn_core.transactions.instants import BIRTH_EARLIEST, Instant
from txn_core.transactions.payment_fields import (
    COUNTRY,
    METADATA,
    PAYMENT_FIELDS,
    refuse_half_amount,
    sound_metadata,
)
from txn_core.transactions.submission import Submission, is_short
from txn_core.transactions.transaction import COLONS_OF_A_TIME, Customer, Merchant, Terminal, TransactionRequest

FastFields = dict[str, Any]
"""A body's fields by their names, in the model's order, objects as dictionaries and the card number as a `Pan`."""

_UTC_TIME: Final = r"^(?:19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z$"
_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
# Rules that a call held and that the core can hold as well, or better, by itself.
_HELD_BY_THE_CORE: Final[Mapping[str, core_schema.CoreSchema]] = {
    "currency": core_schema.literal_schema([*EXPONENTS]),
    "cardholder_currency": core_schema.literal_schema([*EXPONENTS]),
    "country": core_schema.literal_schema([*COUNTRIES]),
    "occurred_at": core_schema.str_schema(pattern=_UTC_TIME),
    "date_of_birth": core_schema.str_schema(pattern=_DATE),
}
_SECONDS_END: Final = len("2019-01-01T00:00:18")
_FRACTION_BEGIN: Final = len("2019-01-01T00:00:18.")
_ABSENT: Final = {
    name: field.get_default() for name, field in TransactionRequest.model_fields.items() if name not in PAYMENT_FIELDS
}
_REQUIRED: Final = {name for name, field in TransactionRequest.model_fields.items() if field.is_required()}
_NO_MERCHANT: Final = {name: None for name in Merchant.model_fields if name != COUNTRY}
_NO_CUSTOMER: Final = dict.fromkeys(Customer.model_fields)
_NO_TERMINAL: Final = dict.fromkeys(Terminal.model_fields)
_LENGTH, _MERCHANT_LENGTH = len(_ABSENT), len(_NO_MERCHANT)
_CUSTOMER_LENGTH, _TERMINAL_LENGTH = len(_NO_CUSTOMER), len(_NO_TERMINAL)
_CLIENT_LENGTH: Final = _LENGTH - len(("transaction_id", "card_number"))
_PAYMENT_FIELD: Final = re.compile(f'"(?:{"|".join((*PAYMENT_FIELDS, COUNTRY))})"'.encode()).search
# Of printable ASCII: whatever is no space.
_SHOWS_SOMETHING: Final = "[^ ]"
_STRICT: Final = core_schema.CoreConfig(
    strict=True,
    hide_input_in_errors=True,
    cache_strings="keys",  # values hardly ever come again
)
# As numbers: to look for bytes in bytes, CPython 3.11 first makes an exception of their not being a number.
_BACKSLASH, _DELETE, _COLON, _LIST = b"\\\x7f:["


def fast_fields(body: bytes, luhn_exempt: IssuerRanges = NO_RANGES) -> FastFields | None:
    """The fields of a body in the usual form, as far as the core, its names and its card number go; else none."""
    colons = body.count(_COLON)
    # pydantic's core makes an error of each name too many, and all of them for nothing. JSON itself has no other
    # control characters than this one without escapes.
    if (
        colons > USUAL_COLONS_MAX
        or len(body) > USUAL_BYTES_MAX
        or not body.isascii()
        or _BACKSLASH in body
        or _DELETE in body
        or _LIST in body
    ):
        return None
    try:
        sent: FastFields = _validate(body)
        sent["card_number"] = Pan(sent["card_number"], luhn_exempt)
        merchant = sent["merchant"]
    except (ValidationError, PydanticCustomError, KeyError) as error:
        has_more = isinstance(error, ValidationError) and _PAYMENT_FIELD(body) is not None
        return _with_payment_fields(body, luhn_exempt) if has_more else None
    customer, terminal = sent.get("customer"), sent.get("terminal")
    names = len(sent) + len(merchant) + len(customer or ()) + len(terminal or ())
    # The first look of `has_each_name_once` stands here too: it is enough for nearly all, and its call costs as much.
    if colons != names + COLONS_OF_A_TIME and not has_each_name_once(body, names, COLONS_OF_A_TIME):
        return None
    # Those that were left out, in the model's order; the long way says which of them are required.
    if len(merchant) != _MERCHANT_LENGTH:
        if "name" not in merchant:
            return None
        sent["merchant"] = _NO_MERCHANT | merchant
    if customer is not None and len(customer) != _CUSTOMER_LENGTH:
        sent["customer"] = _NO_CUSTOMER | customer
    if terminal is not None and len(terminal) != _TERMINAL_LENGTH:
        sent["terminal"] = _NO_TERMINAL | terminal
    if len(sent) == _LENGTH:
        return sent
    return _ABSENT | sent if sent.keys() >= _REQUIRED else None


def _with_payment_fields(body: bytes, luhn_exempt: IssuerRanges) -> FastFields | None:
    """The same of a body that has payment fields; those that say nothing are left out."""
    try:
        sent: FastFields = _validate_with_payment_fields(body)
        if not (sent.keys() >= _REQUIRED and "name" in sent["merchant"]):
            return None
        sent["card_number"] = Pan(sent["card_number"], luhn_exempt)
        inner = [sent.get(name) or {} for name in ("merchant", "customer", "terminal", METADATA)]
        if not has_each_name_once(body, len(sent) + sum(map(len, inner)), COLONS_OF_A_TIME):
            return None
        sent[METADATA] = sound_metadata(sent.get(METADATA))
        refuse_half_amount(sent)
    except (ValidationError, PydanticCustomError):
        return None
    sent["merchant"] = _whole(sent["merchant"], _NO_MERCHANT)
    for name, absent in (("customer", _NO_CUSTOMER), ("terminal", _NO_TERMINAL)):
        if sent.get(name) is not None:
            sent[name] = absent | sent[name]
    return _whole(sent, _ABSENT)


def _whole(sent: FastFields, absent: FastFields) -> FastFields:
    """All fields that schema 1 has, and of the others those that say something."""
    return absent | {name: value for name, value in sent.items() if value is not None or name in absent}


def fast_submission(fields: FastFields, today: str) -> Submission | None:
    """The submission of a body in the usual form that keeps every rule of a field; None of any other.

    Whether its card number stands in its place alone is still to be looked at. `fields` are those that `fast_fields`
    gave, now without id and card number and as they are stored. `today` is the UTC date, behind which no birth date
    lies.
    """
    pan: Pan = fields.pop("card_number")
    try:
        occurred_at = fields["occurred_at"] = _instant(fields["occurred_at"])
        reference = _customer_reference(fields, today)
    except ValueError:
        return None
    if (fields["type"] == "purchase") != (fields["original_transaction_id"] is None):
        return None
    if fields["terminal"] == _NO_TERMINAL:
        fields["terminal"] = None
    merchant = fields["merchant"]
    transaction_id = fields.pop("transaction_id")
    needs_schema_2 = len(fields) != _CLIENT_LENGTH or len(merchant) != _MERCHANT_LENGTH or is_short(transaction_id)
    parts = transaction_id, pan, occurred_at, merchant["name"], reference, to_json(fields), 1 + needs_schema_2, 0
    # As its class makes one, without a call of Python.
    return tuple.__new__(Submission, parts)


def _instant(text: str) -> Instant:
    """The instant of a time in the usual form, held to the calendar."""
    datetime.fromisoformat(text)
    if len(text) == _FRACTION_BEGIN:  # it ends in its Z
        return Instant(text[:_SECONDS_END] + ".000000Z")
    return Instant(f"{text[:_SECONDS_END]}.{text[_FRACTION_BEGIN:-1]:0<6.6}Z")


def _customer_reference(fields: dict[str, Any], today: str) -> str | None:
    customer = fields["customer"]
    if customer is None:
        return None
    if customer == _NO_CUSTOMER:
        fields["customer"] = None
        return None
    if (born := customer["date_of_birth"]) is not None:
        date.fromisoformat(born)
        if not BIRTH_EARLIEST <= born <= today:
            raise ValueError
    reference: str | None = customer["reference"]
    return reference


def _without_calls(schema: Any, name: str = "", left_out: Collection[str] = ()) -> Any:
    """A model's core schema as one of dictionaries, in the model's order: without calls of Python and defaults."""

    def within(inner: Any, key: str = name) -> Any:
        return _without_calls(inner, key, left_out)

    match schema["type"]:
        case "model":
            fields = schema["schema"]["fields"]
            return core_schema.typed_dict_schema(
                {
                    key: _optional(within(_there(field["schema"]), key))
                    for key, field in fields.items()
                    if key not in left_out
                },
                extra_behavior="forbid",
                config=_STRICT,
            )
        case "function-after":
            return _HELD_BY_THE_CORE.get(name) or within(schema["schema"])
        case "nullable" | "dict" as kind:
            inner = "schema" if kind == "nullable" else "values_schema"
            return {**schema, inner: within(schema[inner])}
        case "chain":
            return within(schema["steps"][0])
        case "str" if schema.get("pattern") == TEXT_PATTERN:
            return {**schema, "pattern": _SHOWS_SOMETHING}
        case _:
            return schema


def _there(schema: Any) -> Any:
    """A field's schema without its default."""
    return schema["schema"] if schema["type"] == "default" else schema


def _optional(schema: Any) -> core_schema.TypedDictField:
    # None is required: an error for one that is missing holds a copy of the whole object.
    return core_schema.typed_dict_field(schema, required=False)


_REQUEST_SCHEMA: Final = TransactionRequest.__pydantic_core_schema__
# Nearly no body has a payment field, and each field that a schema has takes time though a body lacks it.
_validate: Final = SchemaValidator(_without_calls(_REQUEST_SCHEMA, "", (*PAYMENT_FIELDS, COUNTRY))).validate_json
_validate_with_payment_fields: Final = SchemaValidator(_without_calls(_REQUEST_SCHEMA)).validate_json
