"""Numbers of sub-records of one Kinesis record, kept as ranges: `0-4999,5002`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
        ranges: list[range] = []
        for number in numbers:
            if ranges and number < ranges[-1].stop:
                raise ValueError("sub-record numbers do not ascend")
            if ranges and number == ranges[-1].stop:
                ranges[-1] = range(ranges[-1].start, number + 1)
            else:
                ranges.append(range(number, number + 1))
        if not ranges:
            raise ValueError("no sub-record numbers")
        return cls(tuple(ranges))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote.

        Raises:
            ValueError: it is something else.
        """
        ranges = []
        for part in text.split(","):
            first, _, last = part.partition("-")
            ranges.append(range(int(first), int(last or first) + 1))
        found = cls(tuple(ranges))
        if str(found) != text or not _ascend(ranges):
            raise ValueError("no sub-record numbers")
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


def _ascend(ranges: list[range]) -> bool:
    """Whether ranges hold something each, and leave a gap between each other."""
    stops = [-1, *(each.stop for each in ranges[:-1])]
    return all(each and each.start > stop for each, stop in zip(ranges, stops, strict=True))
