"""The form of an event by its columns: the second step of `event_form`, whose first step looks at bytes.

Sufficient, not necessary. Rows that have the form, and whose bytes have the shape, are events that `Event.decode`
takes and that every view can hold.
"""

import json
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from txn_core.card_numbers.pan import MASK_PATTERN
from txn_core.transactions.identity import ACCOUNT_PATTERN, CARD_ID_PATTERN, CUSTOMER_ID_PATTERN, MERCHANT_ID_PATTERN
from txn_core.transactions.payment_fields import METADATA

_COLUMNS: Final = {
    "transaction_id": "^[A-Za-z0-9_-]{8,64}$",  # a shorter one is of schema 2 alone
    "account": ACCOUNT_PATTERN,
    "card_id": CARD_ID_PATTERN,
    "card_masked": MASK_PATTERN,
    "customer_id": CUSTOMER_ID_PATTERN,
    "merchant_id": MERCHANT_ID_PATTERN,
    # Printable ASCII that begins with no blank: normalising makes it no longer, and never empty.
    "merchant_name": "^[!-~][ -~]{0,255}$",
}

# Of these each value is looked at once, as many rows have few of them.
_REPEATED: Final = frozenset({"account", "merchant_id", "merchant_name"})


def of_other_form(table: pa.Table) -> list[int]:
    """The rows of `columns.table_of` that need a closer look although their bytes have the shape."""
    rows = set[int]()
    for name, pattern in _COLUMNS.items():
        column = table[name]
        values = column.unique() if name in _REPEATED else column
        if not pc.all(pc.match_substring_regex(values, pattern)).as_py():
            others = pc.invert(pc.match_substring_regex(column, pattern))
            rows.update(pc.indices_nonzero(others).to_pylist())
    metadata = table[METADATA]
    if metadata.null_count < len(metadata):
        rows.update(row for row, text in enumerate(metadata.to_pylist()) if text is not None and not _is_sorted(text))
    return sorted(rows)


def _is_sorted(metadata: str) -> bool:
    """Whether each name comes once and in its order, so that the bytes are those that `Event` would write."""
    names = [name for name, _ in json.loads(metadata, object_pairs_hook=list)]
    return names == sorted(set(names))
