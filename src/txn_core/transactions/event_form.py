"""The form in which `event.encode` writes an event: what has it is an event, without a parser.

It is found out in two steps. The first is one pattern for the bytes, the shape: every field is there once, in its
order, as a value of its kind, and nothing else is. Bytes of that shape may be given to Arrow, which trusts what it
reads more than the stream can be trusted. The second step are patterns for the columns that Arrow makes, which cost a
fraction of what they would as part of the first.

Sufficient, not necessary. What has the form is an event that `Event.decode` takes and that every view can hold, but
for what Arrow finds while it makes columns: text that is not UTF-8 or has control characters, and days that are not
in the calendar. Bytes of another form (escapes, a merchant in another script, a foreign producer's white space) may
well be an event, too; they are worth the closer look, which costs several times as much.
"""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from txn_core.setting_groups.key_settings import CARD_KEYS_MAX
from txn_core.transactions.event import (
    LATER_FIELDS,
    OFFSET,
    Event,
    EventCustomer,
    EventMerchant,
    EventTerminal,
)
from txn_core.transactions.identity import CARD_ID_PATTERN
from txn_core.transactions.payment_fields import METADATA, PAYMENT_FIELDS

# Possessive, since nothing behind the closing quote can make up for what stood before it.
_TEXT: Final = r'"[^"]*+"'
_INTEGER: Final = r"(?:0|-?[1-9][0-9]{0,17}+)"  # all of which 64 bits hold
_DEGREES: Final = r"-?(?:0|[1-9][0-9]{0,2}+)\.[0-9]{1,17}+"
# The first years of Python's calendar and of Arrow's.
_MOMENT: Final = r'"[12]ddd-dd-ddTdd:dd:dd\.ddddddZ"'.replace("d", "[0-9]")  # quicker than counted repeats


def _listed(pattern: str, most: int) -> str:
    return rf"\[{pattern}(?:,{pattern}){{0,{most - 1}}}\]"


def _or_null(pattern: str) -> str:
    return f"(?:null|{pattern})"


def _quoted(anchored: str) -> str:
    return f'"{anchored.removeprefix("^").removesuffix("$")}"'


def _document(fields: dict[str, str], optional: frozenset[str] = frozenset()) -> str:
    """An object with its fields in their order, the optional ones there or not; the first one is never optional."""
    first, *others = (f'"{name}":{pattern}' for name, pattern in fields.items())
    inner = (
        f"(?:,{part})?" if name in optional else f",{part}" for name, part in zip([*fields][1:], others, strict=True)
    )
    return r"\{" + first + "".join(inner) + r"\}"


def _part(model: type[EventMerchant | EventCustomer | EventTerminal], **others: str | None) -> str:
    """A nested object: nullable texts in the model's order, but for those that are told; None leaves one out."""
    known = {name: _or_null(_DEGREES) for name in ("latitude", "longitude")} | others
    patterns = {name: known.get(name, _or_null(_TEXT)) for name in model.model_fields}
    return _document({name: pattern for name, pattern in patterns.items() if pattern is not None}, _optional(model))


def _optional(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(name for name, field in model.model_fields.items() if not field.is_required())


_CARD_ALIASES: Final = _listed(_quoted(CARD_ID_PATTERN), CARD_KEYS_MAX - 1)
_PAIR: Final = f"{_TEXT}:{_TEXT}"
_FIELDS: Final = {
    "schema_version": "2",
    "transaction_id": _TEXT,
    "account": _TEXT,
    "card_id": _TEXT,
    "card_masked": _TEXT,
    "customer_id": _TEXT,
    "merchant_id": _TEXT,
    "accepted_at": _MOMENT,
    "card_aliases": _CARD_ALIASES,
    OFFSET: "-?(?:14[0-3][0-9]|1[0-3][0-9]{2}|[1-9][0-9]{0,2})",  # OFFSET_MAX at most, and never 0
    "type": _TEXT,
    "original_transaction_id": _or_null(_TEXT),
    "amount_minor": _INTEGER,
    "currency": _TEXT,
    "occurred_at": _MOMENT,
    "merchant": _part(EventMerchant, name=_TEXT, country=_TEXT),
    "customer": _or_null(_part(EventCustomer, city_population=_or_null(_INTEGER))),
    "terminal": _or_null(_part(EventTerminal)),
    "is_fraud": "(?:null|true|false)",
    **dict.fromkeys(PAYMENT_FIELDS, _TEXT),
    "cardholder_amount_minor": _INTEGER,
    METADATA: rf"\{{{_PAIR}(?:,{_PAIR})*+\}}",
}
_OF_VERSION_1: Final = {
    **{name: pattern for name, pattern in _FIELDS.items() if name not in LATER_FIELDS},
    "schema_version": "1",
    "merchant": _part(EventMerchant, name=_TEXT, country=None),
}


def _event(patterns: Mapping[str, str]) -> str:
    fields = {field.alias or name: patterns[name] for name, field in Event.model_fields.items() if name in patterns}
    return _document(fields, _optional(Event))


_EVENT: Final = f"(?:{_event(_OF_VERSION_1)}|{_event(_FIELDS)})"
_SHAPE: Final = re.compile(_EVENT.encode()).fullmatch
_SHAPES: Final = re.compile(rf"{_EVENT}(?:\n{_EVENT})*+".encode()).fullmatch


def has_shape(data: bytes) -> bool:
    """Whether bytes are one event but for what columns tell. A backslash would say otherwise where a text ends."""
    return b"\\" not in data and _SHAPE(data) is not None


def have_shape(lines: bytes) -> bool:
    """Whether lines are one event each but for what columns tell.

    And but for a line that has several parts of this shape, or is a part of it: as many rows as there were lines tell
    that there is none, since Arrow refuses a line break within a text.
    """
    return b"\\" not in lines and _SHAPES(lines) is not None
