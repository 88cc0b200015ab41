"""How DynamoDB counts: the units of a write, a read and a stored item, and what our own items take.

Source: DynamoDB developer guide, read and write operations, item sizes: a write unit for each KB of an item, a
strongly consistent read unit for each 4 KB; 1 KB is 1,024 bytes, 1 GB is 1,024 MB.
"""

from math import ceil
from typing import Final

from txn_core.drains import INDEX

WRITE_UNIT_BYTES: Final = 1024
READ_UNIT_BYTES: Final = 4096
GB: Final = 1 << 30

INDEX_ITEM_BYTES: Final = 331
"""What an item of the index has beside the event; `tests/operations/cost/` counts one."""
STORED_BYTES_MORE: Final = 100
"""What DynamoDB adds to each stored item and to each entry of an index (developer guide, estimating item sizes)."""
SCORE_WRITE_UNITS: Final = 2.87
"""1 for the score and 1.87 for the card's state, of 18,138 rows of the sample (docs/benchmarks.md)."""
SCORE_ITEM_BYTES: Final = 179
"""A score, with its id and its reasons (docs/benchmarks.md)."""
LEASE_ROW_BYTES: Final = 700
"""A lease with its ledger; `tests/operations/cost/` counts one."""


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
