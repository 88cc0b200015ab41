"""The form in which `event.encode` writes an event, as one pattern: what has it is an event, without a parser.

Sufficient, not necessary. Bytes of this form are an event that `Event.decode` takes and that every view can hold, but
for two things that Arrow finds while it makes columns of them: text that is not UTF-8, and days that are not in the
calendar. Bytes of another form (escapes, a merchant in another script, a foreign producer's white space) may well be
an event, too; they are worth the closer look, which costs several times as much.
"""

import re
from typing import Final

from txn_core.event import Event, EventCustomer, EventMerchant, EventTerminal
from txn_core.faults import ID_PATTERN
from txn_core.identity import ACCOUNT_PATTERN, CARD_ID_PATTERN, CUSTOMER_ID_PATTERN, MERCHANT_ID_PATTERN
from txn_core.pan import MASK_PATTERN
from txn_core.settings import CARD_KEYS_MAX

# Without escapes. Possessive, since nothing behind the closing quote can make up for what stood before it.
_TEXT: Final = r'"[^"\\\x00-\x1f]*+"'
# Printable ASCII that begins with no blank: normalising makes it no longer, and never empty.
_MERCHANT_NAME: Final = r'"[!#-\[\]-~][ !#-\[\]-~]{0,255}+"'
_INTEGER: Final = r"(?:0|-?[1-9][0-9]{0,17}+)"  # all of which 64 bits hold
_DEGREES: Final = r"-?(?:0|[1-9][0-9]{0,2}+)\.[0-9]{1,17}+"
# The years that both the calendar of Python and that of Arrow begin with.
_MOMENT: Final = r'"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"'


def _listed(pattern: str, most: int) -> str:
    return rf"\[{pattern}(?:,{pattern}){{0,{most - 1}}}\]"


def _or_null(pattern: str) -> str:
    return f"(?:null|{pattern})"


def _quoted(anchored: str) -> str:
    return f'"{anchored.removeprefix("^").removesuffix("$")}"'


def _document(fields: dict[str, str], optional: frozenset[str] = frozenset()) -> str:
    """An object with its fields in their order, the optional ones there or not; the last one is never optional."""
    *others, last = (f'"{name}":{pattern}' for name, pattern in fields.items())
    inner = (f"(?:{part},)?" if name in optional else f"{part}," for name, part in zip(fields, others, strict=False))
    return r"\{" + "".join(inner) + last + r"\}"


def _part(model: type[EventMerchant | EventCustomer | EventTerminal], **others: str) -> str:
    """A nested object: nullable texts in the model's order, but for those that are told."""
    places = {name: _or_null(_DEGREES) for name in ("latitude", "longitude")}
    known = places | others
    return _document({name: known.get(name, _or_null(_TEXT)) for name in model.model_fields})


_CARD_ALIASES: Final = _listed(_quoted(CARD_ID_PATTERN), CARD_KEYS_MAX - 1)
_FIELDS: Final = {
    "schema_version": "1",
    "transaction_id": _quoted(ID_PATTERN),
    "account": _quoted(ACCOUNT_PATTERN),
    "card_id": _quoted(CARD_ID_PATTERN),
    "card_masked": _quoted(MASK_PATTERN),
    "customer_id": _quoted(CUSTOMER_ID_PATTERN),
    "merchant_id": _quoted(MERCHANT_ID_PATTERN),
    "accepted_at": _MOMENT,
    "card_aliases": _CARD_ALIASES,
    "type": _TEXT,
    "original_transaction_id": _or_null(_TEXT),
    "amount_minor": _INTEGER,
    "currency": _TEXT,
    "occurred_at": _MOMENT,
    "merchant": _part(EventMerchant, name=_MERCHANT_NAME),
    "customer": _or_null(_part(EventCustomer, city_population=_or_null(_INTEGER))),
    "terminal": _or_null(_part(EventTerminal)),
    "is_fraud": "(?:null|true|false)",
}
_FORM: Final = re.compile(
    _document(
        {field.alias or name: _FIELDS[name] for name, field in Event.model_fields.items()},
        optional=frozenset(name for name, field in Event.model_fields.items() if not field.is_required()),
    ).encode()
)

has_form = _FORM.fullmatch
"""A match when bytes have the form, none when they need a closer look."""
