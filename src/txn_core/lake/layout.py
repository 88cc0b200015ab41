"""Where the objects of the lake stand: prefixes and names, for those who write, list and look. Imports no pyarrow."""

from typing import Final

from txn_core.positions import Position
from txn_core.transactions.instants import Instant

RAW_PREFIX: Final = "raw/"
SCORES_PREFIX: Final = "scores/"
DEAD_LETTER_PREFIX: Final = "dead-letters/"
RECEIPT_PREFIX: Final = "receipts/"
UNTIMED: Final = Instant("1970-01-01T00:00:00.000000Z")
"""The moment under which a record stands that does not say when it arrived."""


def hour_prefix(moment: Instant, prefix: str = RAW_PREFIX) -> str:
    """The folder of the records that arrived in the hour of a moment (UTC)."""
    return f"{prefix}dt={moment[:10]}/hr={moment[11:13]}/"


def is_complete(prefix: str, before: Instant) -> bool:
    """Whether nothing more can come into an hour's folder, when everything that arrived before a moment is there.

    Rows that arrived in an hour may also stand in the folder before: an object spans up to an hour. The folder of
    records that do not say when they arrived is never complete.
    """
    return hour_prefix(UNTIMED) != prefix < hour_prefix(before)


def range_key(first: Position, arrived_at: Instant, prefix: str = RAW_PREFIX) -> str:
    """The name of the object whose range begins at a position that arrived at a moment."""
    name = f"{first.shard_id}-{first.sequence_number}-{first.sub_sequence_number}"
    return f"{hour_prefix(arrived_at, prefix)}{name}.parquet"
