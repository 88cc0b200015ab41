"""What a record's way to the stream came to."""

from typing import NamedTuple

from txn_core.positions import SequenceNumber, ShardId


class Attempt(NamedTuple):
    """An attempt that did not end in a landing: the code of its error, and how long it took."""

    code: str
    took_s: float


# Tuples: one of these is made for every record, and a frozen dataclass costs three times as much to make.
class Landing(NamedTuple):
    """Where the stream put a record; the sub-sequence number counts within an aggregated one."""

    shard_id: ShardId
    sequence_number: SequenceNumber
    sub_sequence_number: int = 0
    failures: tuple[Attempt, ...] = ()  # the attempts before, oldest first
