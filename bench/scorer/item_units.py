"""What DynamoDB bills for a write: a unit for each kilobyte of the item, begun ones included.

The size of an item is that of its names and values, after the developer guide's chapter on item sizes: text and
bytes as they are, a number at a byte for two digits and one more, a map or list at three bytes and one an entry.
"""

from collections.abc import Mapping
from typing import Any, Final

UNIT_BYTES: Final = 1024
_NESTED_BYTES: Final = 3


def write_units(item: Mapping[str, Any]) -> int:
    """The units of a write that puts an item, alone or in a batch."""
    return -(-item_bytes(item) // UNIT_BYTES)


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of an item in DynamoDB's form of attributes."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(attribute: Mapping[str, Any]) -> int:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "B":
            return len(value)
        case "N":
            digits = value.lstrip("-").replace(".", "").strip("0")
            return (len(digits) + 1) // 2 + 1 + value.startswith("-")
        case "M":
            return _NESTED_BYTES + len(value) + item_bytes(value)
        case "L":
            return _NESTED_BYTES + len(value) + sum(map(_value_bytes, value))
        case "BOOL" | "NULL":
            return 1
    raise ValueError(f"an attribute of type {kind}")
