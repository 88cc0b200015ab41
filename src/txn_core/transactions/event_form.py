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
from typing import Final

from txn_core.setting_groups.key_settings import CARD_KEYS_MAX
from txn_core.transactions.event import Event, EventCustomer, EventMerchant, EventTerminal
from txn_core.transactions.identity import CARD_ID_PATTERN

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
    """An object with its fields in their order, the optional ones there or not; the last one is never optional."""
    *others, last = (f'"{name}":{pattern}' for name, pattern in fields.items())
    inner = (f"(?:{part},)?" if name in optional else f"{part}," for name, part in zip(fields, others, strict=False))
    return r"\{" + "".join(inner) + last + r"\}"


def _part(model: type[EventMerchant | EventCustomer | EventTerminal], **others: str) -> str:
    """A nested object: nullable texts in the model's order, but for those that are told."""
    known = {name: _or_null(_DEGREES) for name in ("latitude", "longitude")} | others
    return _document({name: known.get(name, _or_null(_TEXT)) for name in model.model_fields})


_CARD_ALIASES: Final = _listed(_quoted(CARD_ID_PATTERN), CARD_KEYS_MAX - 1)
_FIELDS: Final = {
    "schema_version": "1",
    "transaction_id": _TEXT,
    "account": _TEXT,
    "card_id": _TEXT,
    "card_masked": _TEXT,
    "customer_id": _TEXT,
    "merchant_id": _TEXT,
    "accepted_at": _MOMENT,
    "card_aliases": _CARD_ALIASES,
    "type": _TEXT,
    "original_transaction_id": _or_null(_TEXT),
    "amount_minor": _INTEGER,
    "currency": _TEXT,
    "occurred_at": _MOMENT,
    "merchant": _part(EventMerchant, name=_TEXT),
    "customer": _or_null(_part(EventCustomer, city_population=_or_null(_INTEGER))),
    "terminal": _or_null(_part(EventTerminal)),
    "is_fraud": "(?:null|true|false)",
}
_EVENT: Final = _document(
    {field.alias or name: _FIELDS[name] for name, field in Event.model_fields.items()},
    optional=frozenset(name for name, field in Event.model_fields.items() if not field.is_required()),
)
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
