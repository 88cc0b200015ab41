"""In which fields two events of one transaction id differ, as a client names them."""

from collections.abc import Mapping
from typing import Any, Final

from txn_api.reads.fields import CONFLICTS, MEMBERS
from txn_core.transactions.event import OFFSET

CARD: Final = "card_id"
# What the service adds follows from the client's fields, or tells writes of the same content apart.
_NOT_COMPARED: Final = frozenset(
    {"transaction_id", "account", "card_masked", "customer_id", "merchant_id", "accepted_at", CARD, OFFSET, CONFLICTS}
)


def differing_fields(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The names of the client's fields that differ, inner ones with a dot, in the order of the document.

    A field that is absent is the same as one that is null. The cards differ when no id of the one is an id of the
    other.
    """
    names = [] if card_ids(one) & card_ids(other) else [CARD]
    for name, parts in MEMBERS.items():
        if name in _NOT_COMPARED:
            continue
        ours, theirs = one.get(name), other.get(name)
        if parts:
            names += [f"{name}.{part}" for part in parts if (ours or {}).get(part) != (theirs or {}).get(part)]
        elif ours != theirs:
            names.append(name)
    return names


def card_ids(event: Mapping[str, Any]) -> frozenset[str]:
    """The ids of an event's card, also those under older key versions."""
    return frozenset((event[CARD], *event.get("card_aliases", ())))
