"""The short way for request bodies of the usual form: plain ASCII, no escapes, times in UTC, every rule kept.

`TransactionRequest` says what a transaction is, and calls Python for half of its rules; that takes most of the time
of a parse. Here pydantic holds a body to the same fields in one go without leaving its core, by a schema that is made
of the model's by leaving out the calls, and the rules that were left out are looked at together. Sufficient, not
necessary: what is of another form, or breaks any rule, is left to the long way, which alone says what is wrong.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from pydantic_core import PydanticCustomError, SchemaValidator, ValidationError, core_schema, to_json

from txn_core.card_numbers.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.card_numbers.pan import Pan
from txn_core.transactions.contract_part import USUAL_BYTES_MAX, USUAL_COLONS_MAX
from txn_core.transactions.currency import EXPONENTS
from txn_core.transactions.duplicates import has_each_name_once
from txn_core.transactions.faults import TEXT_PATTERN
from txn_core.transactions.instants import BIRTH_EARLIEST, Instant
from txn_core.transactions.submission import Submission
from txn_core.transactions.transaction import COLONS_OF_A_TIME, Customer, Merchant, Terminal, TransactionRequest

FastFields = dict[str, Any]
"""A body's fields by their names, in the model's order, objects as dictionaries and the card number as a `Pan`."""

_UTC_TIME: Final = r"^(?:19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z$"
_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
# Rules that a call held and that the core can hold as well, or better, by itself.
_HELD_BY_THE_CORE: Final[Mapping[str, core_schema.CoreSchema]] = {
    "currency": core_schema.literal_schema([*EXPONENTS]),
    "occurred_at": core_schema.str_schema(pattern=_UTC_TIME),
    "date_of_birth": core_schema.str_schema(pattern=_DATE),
}
_SECONDS_END: Final = len("2019-01-01T00:00:18")
_FRACTION_BEGIN: Final = len("2019-01-01T00:00:18.")
_ABSENT: Final = {name: field.get_default() for name, field in TransactionRequest.model_fields.items()}
_REQUIRED: Final = {name for name, field in TransactionRequest.model_fields.items() if field.is_required()}
_NO_MERCHANT: Final = dict.fromkeys(Merchant.model_fields)
_NO_CUSTOMER: Final = dict.fromkeys(Customer.model_fields)
_NO_TERMINAL: Final = dict.fromkeys(Terminal.model_fields)
_LENGTH, _MERCHANT_LENGTH = len(_ABSENT), len(_NO_MERCHANT)
_CUSTOMER_LENGTH, _TERMINAL_LENGTH = len(_NO_CUSTOMER), len(_NO_TERMINAL)
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
    except (ValidationError, PydanticCustomError, KeyError):
        return None
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
    merchant_name: str = fields["merchant"]["name"]
    transaction_id = fields.pop("transaction_id")
    # As its class makes one, without a call of Python.
    return tuple.__new__(Submission, (transaction_id, pan, occurred_at, merchant_name, reference, to_json(fields)))


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


def _without_calls(schema: Any, name: str = "") -> Any:
    """A model's core schema as one of dictionaries, in the model's order: without calls of Python and defaults."""
    match schema["type"]:
        case "model":
            fields = schema["schema"]["fields"]
            return core_schema.typed_dict_schema(
                {key: _field_without_calls(field["schema"], key) for key, field in fields.items()},
                extra_behavior="forbid",
                config=_STRICT,
            )
        case "function-after":
            return _HELD_BY_THE_CORE.get(name) or _without_calls(schema["schema"], name)
        case "nullable":
            return {**schema, "schema": _without_calls(schema["schema"], name)}
        case "chain":
            return _without_calls(schema["steps"][0], name)
        case "str" if schema.get("pattern") == TEXT_PATTERN:
            return {**schema, "pattern": _SHOWS_SOMETHING}
        case _:
            return schema


def _field_without_calls(schema: Any, name: str) -> core_schema.TypedDictField:
    # None is required: an error for one that is missing holds a copy of the whole object.
    if schema["type"] == "default":
        schema = schema["schema"]
    return core_schema.typed_dict_field(_without_calls(schema, name), required=False)


_validate: Final = SchemaValidator(_without_calls(TransactionRequest.__pydantic_core_schema__)).validate_json
