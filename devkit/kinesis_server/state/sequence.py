"""Sequence numbers: 56 decimal digits that grow within a shard and from a shard to its children.

    2 bits (10) | 36: when the shard was born, s | 64: place in the shard | 48: arrival, ms | 32: shard index | 4

As on AWS they are not consecutive, and a record's place can be read from its number again. Places count from 1;
place 0 is the shard's starting sequence number, `LAST_PLACE` the ending one of a closed shard.
"""

from dataclasses import dataclass, field
from typing import Final

LAST_PLACE: Final = (1 << 63) - 1
_MARK: Final = 2 << 184
_BORN_AT, _PLACE_AT, _ARRIVED_AT, _INDEX_AT = 148, 84, 36, 4
_FORMAT: Final = 2


@dataclass(frozen=True, slots=True)
class Numbering:
    """The sequence numbers of one shard."""

    shard_index: int
    born_s: int
    _base: int = field(init=False)

    def __post_init__(self) -> None:
        base = _MARK | self.born_s << _BORN_AT | self.shard_index << _INDEX_AT | _FORMAT
        object.__setattr__(self, "_base", base)

    def number(self, place: int, arrived_ms: int) -> str:
        """The sequence number of the record at a place."""
        return str(self._base | place << _PLACE_AT | arrived_ms << _ARRIVED_AT)

    def place(self, sequence_number: str) -> int | None:
        """The place that a number of this shard stands for; None for a number of another shard or of none."""
        if not (sequence_number.isascii() and sequence_number.isdigit()):
            return None
        number = int(sequence_number)
        place = number >> _PLACE_AT & (1 << 64) - 1
        arrived_ms = number >> _ARRIVED_AT & (1 << 48) - 1
        return place if self._base | place << _PLACE_AT | arrived_ms << _ARRIVED_AT == number else None
