"""Places in the stream: shard, sequence number, sub-sequence number.

Sequence numbers are compared as integers and kept as the text that the stream gave: servers differ in their form.
"""

from dataclasses import dataclass
from typing import NewType, Self

from txn_core.transactions.instants import Instant

ShardId = NewType("ShardId", str)
SequenceNumber = NewType("SequenceNumber", str)


@dataclass(frozen=True, slots=True)
class Position:
    """The place of one transaction on the stream; `sub_sequence_number` counts within an aggregated record."""

    shard_id: ShardId
    sequence_number: SequenceNumber
    sub_sequence_number: int = 0

    def within_shard(self) -> tuple[int, int]:
        """What orders positions of one shard."""
        return int(self.sequence_number), self.sub_sequence_number

    @property
    def sort_text(self) -> str:
        """The same order as text: the sequence number is preceded by its count of digits."""
        number = str(int(self.sequence_number))
        return f"{len(number):03d}-{number}#{self.sub_sequence_number:09d}"


@dataclass(frozen=True, slots=True, order=True)
class WriteOrder:
    """Which of several writes of one transaction id came first: text with the order of
    (accepted_at, shard, sequence number, sub-sequence number).
    """

    text: str

    @classmethod
    def of(cls, accepted_at: Instant, position: Position) -> Self:
        """The order of an event accepted at a moment and standing at a position."""
        return cls(f"{accepted_at}#{position.shard_id}#{position.sort_text}")

    @property
    def accepted_at(self) -> Instant:
        """When the event was accepted."""
        return Instant(self.text.partition("#")[0])

    def parts(self) -> tuple[Instant, Position]:
        """The accepted_at and the position again."""
        accepted_at, shard_id, number, sub = self.text.split("#")
        return Instant(accepted_at), Position(ShardId(shard_id), SequenceNumber(number[4:]), int(sub))
