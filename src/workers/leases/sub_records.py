"""Numbers of sub-records of one Kinesis record, kept as ranges: `0-4999,5002`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Self


@dataclass(frozen=True, slots=True)
class SubRecords:
    """Some sub-records of a record, in order. The ranges neither touch nor overlap, and there is one at least."""

    ranges: tuple[range, ...]

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Self:
        """Numbers in ascending order.

        Raises:
            ValueError: there is none, or they are in another order.
        """
        # Numbers that follow each other differ from their places by the same.
        runs = groupby(enumerate(numbers), key=lambda placed: placed[1] - placed[0])
        ends = [(run[0][1], run[-1][1]) for run in (tuple(placed) for _, placed in runs)]
        return cls._ascending(range(first, last + 1) for first, last in ends)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote.

        Raises:
            ValueError: it is something else.
        """
        ends = [part.partition("-")[::2] for part in text.split(",")]
        found = cls._ascending(range(int(first), int(last or first) + 1) for first, last in ends)
        if str(found) != text:
            raise ValueError("no sub-record numbers")
        return found

    @classmethod
    def _ascending(cls, ranges: Iterable[range]) -> Self:
        """Take ranges that hold something each, and leave a gap between each other."""
        found = cls(tuple(ranges))
        stops = [-1, *(each.stop for each in found.ranges[:-1])]
        if not all(each and each.start > stop for each, stop in zip_longest(found.ranges, stops)):
            raise ValueError("no sub-record numbers, or not in order")
        return found

    @property
    def first(self) -> int:
        """The smallest number."""
        return self.ranges[0].start

    def __len__(self) -> int:
        return sum(map(len, self.ranges))

    def __iter__(self) -> Iterator[int]:
        return (number for each in self.ranges for number in each)

    def __contains__(self, number: int) -> bool:
        return any(number in each for each in self.ranges)

    def __str__(self) -> str:
        return ",".join(f"{r.start}" if len(r) == 1 else f"{r.start}-{r.stop - 1}" for r in self.ranges)
