"""The fields that a client wants of each transaction: `fields=occurred_at,amount_minor,merchant.name`."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from txn_core.transactions.currency import signed_amount
from txn_core.transactions.event import LATER_FIELDS, Event, EventCustomer, EventMerchant, EventTerminal
from txn_core.transactions.faults import rule_broken
from txn_core.transactions.payment_fields import COUNTRY

CONFLICTS: Final = "conflicts"
AMOUNT: Final = "amount"
"""The one field that no document has: it is made of others for whoever names it."""
FIELDS_CHARS_MAX: Final = 1_024  # all names there are take 700
_PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "merchant": EventMerchant,
    "customer": EventCustomer,
    "terminal": EventTerminal,
}
# Not for clients; and what only some documents have, which is no column of a table: it comes with whole ones.
_LEFT_OUT: Final = frozenset({"schema_version", "card_aliases"})


PERSONAL: Final[Mapping[str, frozenset[str]]] = {
    "customer": frozenset({"first_name", "last_name", "date_of_birth", "street"})
}
"""By the part that has them: the fields that say who a customer is. They are shown with `customer:read` alone."""
PERSONAL_NAMES: Final = frozenset(f"{name}.{inner}" for name, parts in PERSONAL.items() for inner in parts)

# The members of a transaction's document in their order, each with the members that it has itself.
MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(_PARTS[name].model_fields) if name in _PARTS else ()
    for name in (*Event.model_fields, CONFLICTS)
    if name not in _LEFT_OUT
}
# Those that may be named.
_NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    name: parts
    for member, inner in MEMBERS.items()
    for name, parts in ((member, inner), *([(AMOUNT, ())] if member == "amount_minor" else []))
}
# Columns that came with a later version of the event stand behind all others, which keep their places.
_LATER_COLUMNS: Final = frozenset({*((name,) for name in LATER_FIELDS), ("merchant", COUNTRY)})
NAMES: Final = frozenset({*_NAMED, *(f"{name}.{inner}" for name, parts in MEMBERS.items() for inner in parts)})


def known_fields(text: str) -> str:
    """A list of names with commas between them, all of them known.

    Raises:
        PydanticCustomError: `field_unknown`.
    """
    if not NAMES.issuperset(text.split(",")):
        raise rule_broken("field_unknown")
    return text


Fields = Annotated[
    str,
    StringConstraints(max_length=FIELDS_CHARS_MAX),
    AfterValidator(known_fields),
    Field(
        description=(
            "The fields to answer with, separated by commas, inner ones with a dot. They come in the order of the "
            "document, `null` where the transaction has none; all fields when absent. `amount`, which is behind "
            "`amount_minor` and in an answer only if it is named, is the amount in the currency's major unit with "
            "all its decimals, as text, and negative unless the transaction is a purchase: `-12.34`."
        ),
        json_schema_extra={
            "pattern": r"^[a-z_]+(\.[a-z_]+)?(,[a-z_]+(\.[a-z_]+)?)*$",
            "examples": ["transaction_id,occurred_at,amount_minor,currency,merchant.name"],
        },
    ),
]


@dataclass(frozen=True, slots=True)
class Selection:
    """Some members of a document, in the document's order; of a member with members those that are named."""

    members: Mapping[str, tuple[str, ...]]

    def from_event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What is selected of an event; the conflicts are not in it."""
        if AMOUNT in self.members:
            amount = amount_of(event)
            event = {**event, AMOUNT: None if amount is None else str(amount)}
        return {
            name: {part: value.get(part) for part in parts} if parts and value is not None else value
            for name, parts in self.members.items()
            if name != CONFLICTS
            for value in (event.get(name),)
        }

    def impersonal(self) -> "Selection":
        """The same without `PERSONAL`."""
        left = {
            name: tuple(part for part in parts if part not in PERSONAL.get(name, ()))
            for name, parts in self.members.items()
        }
        # No parts would mean the whole member.
        return Selection({name: parts for name, parts in left.items() if parts or not self.members[name]})

    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The selected members as columns of a table: paths of one name or two, those of later versions behind."""
        paths = [
            (name, inner) if inner else (name,) for name, parts in self.members.items() for inner in parts or ("",)
        ]
        return tuple(sorted(paths, key=_LATER_COLUMNS.__contains__))


def amount_of(event: Mapping[str, Any]) -> Decimal | None:
    """The amount of an event in the major unit of its currency, with the sign of its type, if it has both."""
    minor, currency = event.get("amount_minor"), event.get("currency")
    if minor is None or currency is None:
        return None
    return signed_amount(minor, currency, event.get("type") or "purchase")


EVERYTHING: Final = Selection(MEMBERS)


def names_personal(fields: str) -> bool:
    """Whether a list of names has one of `PERSONAL_NAMES`; `customer` alone means those that may be shown."""
    return not PERSONAL_NAMES.isdisjoint(fields.split(","))


@lru_cache(256)
def selection_of(fields: str) -> Selection:
    """The selection of a list of known names."""
    named = set(fields.split(","))
    inner = {
        name: parts if name in named else tuple(part for part in parts if f"{name}.{part}" in named)
        for name, parts in _NAMED.items()
    }
    return Selection({name: parts for name, parts in inner.items() if parts or name in named})
