"""What a client said, as a number to compare: equal for documents of equal content.

The content of a transaction is flat: fields of its own, then those of merchant, customer and terminal. A document and
a row of the lake give the same values in the same order.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final

from pydantic_core import to_json

from txn_core.lake.columns import column_of
from txn_core.transactions.event import EventCustomer, EventMerchant, EventTerminal
from txn_core.transactions.instants import Instant, instant_of
from txn_core.transactions.payment_fields import METADATA
from txn_core.transactions.transaction import TransactionRequest

_PARTS: Final = {
    "merchant": tuple(EventMerchant.model_fields),
    "customer": tuple(EventCustomer.model_fields),
    "terminal": tuple(EventTerminal.model_fields),
}
_TIME: Final = "occurred_at"
_OWN: Final = (_TIME, *sorted({*TransactionRequest.model_fields, "card_masked"} - {"card_number", _TIME, *_PARTS}))
_METADATA_PLACE: Final = _OWN.index(METADATA)  # as JSON text, which it is in the lake
# For each part: its name, its fields, the same as a set, and what a transaction without the part has.
_NESTED: Final = [(name, fields, frozenset(fields), (None,) * len(fields)) for name, fields in _PARTS.items()]

COLUMNS: Final = (*_OWN, *(column_of(part, field) for part, fields in _PARTS.items() for field in fields))
"""The values of a content in their order, as the lake calls them."""


def digest_of(document: Mapping[str, object]) -> int:
    """64 bits of what a client said and of the mask.

    Absent and null are the same, as are all forms of one instant and of one number.
    """
    get = document.get
    values = [get(name) for name in _OWN]
    values[0] = _instant(values[0])
    if values[_METADATA_PLACE] is not None:
        values[_METADATA_PLACE] = _metadata(values[_METADATA_PLACE])
    for name, fields, known, absent in _NESTED:
        part = get(name)
        if isinstance(part, dict):
            values += map(part.get, fields)
            if not known.issuperset(part):
                values += _unknown(part, known)
        elif part is None:
            values += absent
        else:
            values.append(part)
    return digest_of_values(values)


def digest_of_values(values: Iterable[object]) -> int:
    """The same of the values of `COLUMNS`, the time as an `Instant`."""
    # A flag is an int as well, but none in JSON.
    text = to_json([float(value) if type(value) is int else value for value in values])
    return int.from_bytes(blake2b(text, digest_size=8).digest())


def _unknown(part: Mapping[str, object], known: frozenset[str]) -> Sequence[object]:
    """What a part says that none of ours does, so that its document is like none of ours."""
    return [[name, value] for name, value in sorted(part.items()) if name not in known and value is not None]


def _metadata(pairs: object) -> str | None:
    """The text of metadata in the lake, whatever the order of the pairs; none of them is no metadata."""
    return (
        (to_json(dict(sorted(pairs.items()))).decode() if pairs else None) if isinstance(pairs, dict) else str(pairs)
    )


def _instant(text: object) -> Instant | None:
    if isinstance(text, str) and len(text) == 27 and text[10] == "T" and text[19] == "." and text[26] == "Z":
        return Instant(text)  # the form in which we write them all
    try:
        return instant_of(datetime.fromisoformat(str(text)))
    except ValueError:
        return None
