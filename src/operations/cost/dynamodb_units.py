"""How DynamoDB counts: the units of a write, a read and a stored item, and what our own items take.

Source: DynamoDB developer guide, read and write operations, item sizes: a write unit for each KB of an item, a
strongly consistent read unit for each 4 KB; 1 KB is 1,024 bytes, 1 GB is 1,024 MB.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from txn_core.drains import INDEX

WRITE_UNIT_BYTES: Final = 1024
READ_UNIT_BYTES: Final = 4096
GB: Final = 1 << 30
_NESTED_BYTES: Final = 3

INDEX_ITEM_BYTES: Final = 331
"""What an item of the index has beside the event; `tests/operations/cost/` counts one."""
PACKED_SHARE: Final = 0.3
"""What is left of an event when it is packed (`make bench-item`)."""
STORED_BYTES_MORE: Final = 100
"""What DynamoDB adds to each stored item and to each entry of an index (developer guide, estimating item sizes)."""
SCORE_WRITE_UNITS: Final = 2.87
"""1 for the score and 1.87 for the card's state, of 18,138 rows of the sample (docs/benchmarks.md)."""
SCORE_ITEM_BYTES: Final = 179
"""A score, with its id and its reasons (docs/benchmarks.md)."""
LEASE_ROW_BYTES: Final = 700
"""A lease with its ledger; `tests/operations/cost/` counts one."""


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of an item in DynamoDB's form of attributes: its names and values.

    Texts in UTF-8 and bytes as they are, a number at a byte for two digits and one more, a map or list at three bytes
    and one an entry, a set at what it holds.
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(attribute: Mapping[str, Any]) -> int:
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "B":
            return len(value.encode() if kind == "S" else value)
        case "N":
            digits = value.lstrip("-").replace(".", "").strip("0")
            return (len(digits) + 1) // 2 + (2 if value.startswith("-") else 1)
        case "SS" | "BS" | "NS":
            return sum(_value_bytes({kind[0]: each}) for each in value)
        case "M":
            return _NESTED_BYTES + len(value) + item_bytes(value)
        case "L":
            return _NESTED_BYTES + len(value) + sum(map(_value_bytes, value))
        case "BOOL" | "NULL":
            return 1
    raise ValueError(f"an attribute of type {kind}")


def index_item_bytes(event_bytes: float) -> float:
    """The size of an item of the index in form 2 whose event has so many bytes on the stream."""
    return INDEX_ITEM_BYTES + PACKED_SHARE * event_bytes


def write_units(item_bytes: float) -> int:
    """The units of a write of an item of so many bytes, by DynamoDB's counting of them."""
    return max(1, ceil(item_bytes / WRITE_UNIT_BYTES))


def index_copies() -> int:
    """How often an item of the index is written: to the table, and with all that it holds to each secondary index."""
    return 1 + max(len(shape.indexes) for shape in INDEX.tables)


def index_write_units(item_bytes: float) -> int:
    """The units of one transaction's write to the index, secondary indexes included."""
    return index_copies() * write_units(item_bytes)


def scan_units(rows: int) -> int:
    """The units of one consistent scan of a lease table with so many rows."""
    return max(1, ceil(rows * LEASE_ROW_BYTES / READ_UNIT_BYTES))
