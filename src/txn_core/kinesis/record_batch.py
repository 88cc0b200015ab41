"""What was read of a stream: events' bytes with their places.

Nearly all of it comes in aggregates. So a stretch of a shard is kept as runs, each the records of the stream with the
places of the events in it; objects are made only for those events that somebody looks at by themselves.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, Self, overload

from txn_core.positions import Position, SequenceNumber, ShardId


class StreamRecord(NamedTuple):
    """An event's bytes as they stood on the stream."""

    data: bytes
    position: Position
    arrived_at: datetime


class RecordRun(NamedTuple):
    """Events that stand behind each other in one record of the stream.

    Attributes:
        first: the sub-sequence number of the first of them.
        data: what they lie in, each from its `begins` to its `ends`: the whole record, however few they are.
    """

    shard_id: ShardId
    sequence_number: SequenceNumber
    first: int
    arrived_at: datetime
    data: bytes
    begins: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, record: StreamRecord) -> Self:
        """A record by itself."""
        place = record.position
        return cls(
            place.shard_id,
            place.sequence_number,
            place.sub_sequence_number,
            record.arrived_at,
            record.data,
            (0,),
            (len(record.data),),
        )

    @property
    def events(self) -> int:
        """How many they are."""
        return len(self.ends)

    @property
    def event_bytes(self) -> int:
        """How many bytes they have together."""
        return sum(self.ends) - sum(self.begins)

    @property
    def in_aggregate(self) -> bool:
        """Whether they came in an aggregate: a record that is its own only event begins where its data does."""
        return self.begins[0] > 0

    @property
    def sub_sequence_numbers(self) -> range:
        """Where they stand in the record."""
        return range(self.first, self.first + len(self.ends))

    def at(self, index: int) -> StreamRecord:
        """One of them, from the end when negative."""
        index = range(self.events)[index]
        position = self.position_of(self.first + index)
        return StreamRecord(self.data[self.begins[index] : self.ends[index]], position, self.arrived_at)

    def position_of(self, sub_sequence_number: int) -> Position:
        """The position of a sub-record of their record."""
        return Position(self.shard_id, self.sequence_number, sub_sequence_number)

    def cut(self, start: int, stop: int) -> Self:
        """Some of them."""
        return self._replace(first=self.first + start, begins=self.begins[start:stop], ends=self.ends[start:stop])


class RecordBatch(Sequence[StreamRecord]):
    """Records in the order of the stream. A slice of it is a stretch again, and shares its bytes."""

    def __init__(self, runs: Sequence[RecordRun] = ()) -> None:
        self.runs = runs
        self._totals = list(accumulate(run.events for run in runs))

    @classmethod
    def of(cls, records: Iterable[StreamRecord]) -> "RecordBatch":
        """Records as a stretch; one that is one already is itself."""
        return records if isinstance(records, RecordBatch) else cls([RecordRun.of(record) for record in records])

    @cached_property
    def lines(self) -> bytes:
        """The bytes of all events, a line each."""
        return b"\n".join(
            [run.data[begin:end] for run in self.runs for begin, end in zip(run.begins, run.ends, strict=True)]
        )

    def __len__(self) -> int:
        return self._totals[-1] if self._totals else 0

    def __iter__(self) -> Iterator[StreamRecord]:
        return (run.at(index) for run in self.runs for index in range(run.events))

    @overload
    def __getitem__(self, key: int) -> StreamRecord: ...

    @overload
    def __getitem__(self, key: slice) -> "RecordBatch": ...

    def __getitem__(self, key: int | slice) -> "StreamRecord | RecordBatch":
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step != 1:
                raise ValueError("a stretch is cut, not thinned out")
            return RecordBatch(list(self._between(start, stop)))
        index = range(len(self))[key]
        number = bisect_right(self._totals, index)
        return self.runs[number].at(index - self._before(number))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # like a list's

    def _before(self, number: int) -> int:
        return self._totals[number - 1] if number else 0

    def _between(self, start: int, stop: int) -> Iterator[RecordRun]:
        number = bisect_right(self._totals, start)
        while start < stop:
            run, before = self.runs[number], self._before(number)
            end = min(stop, self._totals[number])
            whole = start == before and end == self._totals[number]
            yield run if whole else run.cut(start - before, end - before)
            start, number = end, number + 1
