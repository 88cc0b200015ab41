"""Ids by the number of their row, and rows by their id, in 32 bytes a row beside the texts.

A dictionary of texts takes 200 bytes for an id of 32 characters: half a gigabyte for a file of two million rows.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_HASH_MASK: Final = (1 << 64) - 1


class NumberedIds:
    """Ids, numbered from 0 on in the order in which they are added. An id may be added more than once."""

    def __init__(self) -> None:
        self._texts = bytearray()
        self._ends = array("Q", [0])
        self._hashes = array("Q")
        # The hashes in ascending order, and whose they are; made when rows are looked for.
        self._ascending, self._numbers = array("Q"), array("Q")

    def __len__(self) -> int:
        return len(self._hashes)

    def __getitem__(self, number: int) -> str:
        return self._texts[self._ends[number] : self._ends[number + 1]].decode()

    def add(self, text: str) -> None:
        """Give an id the next number."""
        self._texts += text.encode()
        self._ends.append(len(self._texts))
        self._hashes.append(hash(text) & _HASH_MASK)

    def numbers_of(self, text: str) -> Sequence[int]:
        """The numbers that an id has, in ascending order; none if it was not added."""
        if len(self._ascending) != len(self._hashes):
            self._sort()
        wanted = hash(text) & _HASH_MASK
        at = bisect_left(self._ascending, wanted)
        found = []
        while at < len(self._ascending) and self._ascending[at] == wanted:
            if self[number := self._numbers[at]] == text:
                found.append(number)
            at += 1
        return found

    def _sort(self) -> None:
        hashes = pa.Array.from_buffers(pa.uint64(), len(self._hashes), [None, pa.py_buffer(self._hashes)])
        order = pc.array_sort_indices(hashes)  # a stable sort: of one id, the first row comes first
        self._numbers = _array_of(order)
        self._ascending = _array_of(hashes.take(order))


def _array_of(numbers: pa.Array) -> "array[int]":
    """The same numbers, 64 bits each and none of them null, without one object for each."""
    values = array("Q")
    values.frombytes(numbers.buffers()[1].slice(numbers.offset * values.itemsize, len(numbers) * values.itemsize))
    return values
