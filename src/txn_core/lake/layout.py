"""Where the objects of the lake stand: prefixes and names, for those who write, list and look. Imports no pyarrow."""

from typing import Final

from txn_core.positions import Position
from txn_core.transactions.instants import Instant

RAW_PREFIX: Final = "raw/"
DEAD_LETTER_PREFIX: Final = "dead-letters/"


def hour_prefix(moment: Instant) -> str:
    """The folder of the records that arrived in the hour of a moment (UTC)."""
    return f"{RAW_PREFIX}dt={moment[:10]}/hr={moment[11:13]}/"


def range_key(first: Position, arrived_at: Instant) -> str:
    """The name of the object whose range begins at a position that arrived at a moment."""
    name = f"{first.shard_id}-{first.sequence_number}-{first.sub_sequence_number}"
    return f"{hour_prefix(arrived_at)}{name}.parquet"
