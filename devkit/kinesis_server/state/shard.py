"""One shard: the records it holds in order, and what it remembers of those that it no longer holds."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from devkit.kinesis_server.state.sequence import LAST_PLACE, Numbering
from devkit.kinesis_server.stream_limits import ShardMeter
from devkit.kinesis_server.tally import Tally, digest_of

HASH_KEY_MAX: Final = (1 << 128) - 1


@dataclass(frozen=True, slots=True)
class HashRange:
    """The hash keys of a shard, both ends included."""

    start: int
    end: int

    def __contains__(self, hash_key: int) -> bool:
        return self.start <= hash_key <= self.end

    @property
    def middle(self) -> int:
        """Where the upper half begins."""
        return (self.start + self.end) // 2 + 1

    def document(self) -> dict[str, str]:
        """The range as the API gives it."""
        return {"StartingHashKey": str(self.start), "EndingHashKey": str(self.end)}


@dataclass(frozen=True, slots=True)
class Keep:
    """What a shard remembers: all its records, or at least the last `records_max` of them; counts always.

    Digests let a long run be compared without holding it; they cost about as much as storing a record does.
    """

    records_max: int | None = None
    digests: bool = False


KEEP_ALL: Final = Keep()


class NewRecord(NamedTuple):
    """A record that somebody puts."""

    partition_key: str
    explicit_hash_key: str | None
    data: bytes
    size: int  # bytes of data and key


@dataclass(slots=True)
class StoredRecord:
    """A record as it stands on the stream."""

    shard_id: str
    sequence_number: str
    partition_key: str
    explicit_hash_key: str | None
    data: bytes
    size: int  # bytes of data and key
    arrived_ms: int
    acknowledged: bool = False  # its sequence number was sent to whoever put it


@dataclass(slots=True)
class Shard:
    """A shard, open or closed. Records have places: the first one ever is at 0, the next one goes to `end`."""

    index: int
    hash_range: HashRange
    opened_ms: int
    born_s: int
    parents: tuple[str, ...] = ()
    keep: Keep = KEEP_ALL
    closed_ms: int | None = None
    records: list[StoredRecord] = field(default_factory=list)
    stored: Tally = field(default_factory=Tally)
    acknowledged: Tally = field(default_factory=Tally)
    meter: ShardMeter = field(default_factory=ShardMeter)
    shard_id: str = field(init=False)
    _numbering: Numbering = field(init=False)
    _arrived_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self.shard_id = f"shardId-{self.index:012d}"
        self._numbering = Numbering(self.index, self.born_s)
        self._arrived_ms = self.opened_ms

    @property
    def end(self) -> int:
        """The place behind the last record."""
        return self.stored.records

    @property
    def horizon(self) -> int:
        """The place of the oldest record that is still held."""
        return self.end - len(self.records)

    @property
    def sequence_range(self) -> dict[str, str]:
        """The shard's sequence numbers, as the API gives them."""
        numbers = {"StartingSequenceNumber": self._numbering.number(0, self.opened_ms)}
        if self.closed_ms is not None:
            numbers["EndingSequenceNumber"] = self._numbering.number(LAST_PLACE, self.closed_ms)
        return numbers

    def append(self, new: NewRecord, now_ms: int) -> StoredRecord:
        """Store a record behind all others; arrival times never go back, whatever the clock does."""
        self._arrived_ms = max(self._arrived_ms, now_ms)
        number = self._numbering.number(self.end + 1, self._arrived_ms)
        record = StoredRecord(self.shard_id, number, *new, self._arrived_ms)
        self._count(self.stored, record)
        self.records.append(record)
        if self.keep.records_max is not None:
            self._forget(self.keep.records_max)
        return record

    def acknowledge(self, record: StoredRecord) -> None:
        """Remember that the record's sequence number was sent out."""
        record.acknowledged = True
        self._count(self.acknowledged, record)

    def close(self, now_ms: int) -> None:
        """Take no further record."""
        self.closed_ms = max(now_ms, self._arrived_ms)

    def read(self, place: int, records_max: int, bytes_max: int) -> list[StoredRecord]:
        """Records from a place on, within both bounds, but never none where there is one."""
        first = max(place - self.horizon, 0)
        found = self.records[first : first + records_max]
        size = 0
        for count, record in enumerate(found):
            size += record.size
            if size > bytes_max:
                return found[: max(count, 1)]
        return found

    def place_of(self, sequence_number: str) -> int | None:
        """The place of the record with a number; None when the number is not one of this shard.

        The starting number stands for the first record, the ending number of a closed shard for its end.
        """
        count = self._counted(sequence_number)
        return None if count is None else min(max(count - 1, 0), self.end)

    def place_after(self, sequence_number: str) -> int | None:
        """The place behind the record with a number; None when the number is not one of this shard."""
        count = self._counted(sequence_number)
        return None if count is None else min(count, self.end)

    def number_before(self, place: int) -> str:
        """The sequence number of the record before a place, or the shard's starting one where none is held."""
        if place > self.horizon:
            return self.records[place - self.horizon - 1].sequence_number
        return self.sequence_range["StartingSequenceNumber"]

    def place_at(self, instant_ms: int) -> int:
        """The place of the first record that arrived at an instant or later."""
        return self.horizon + bisect_left(self.records, instant_ms, key=lambda record: record.arrived_ms)

    def _counted(self, sequence_number: str) -> int | None:
        """How many records there are up to the one with a number."""
        count = self._numbering.place(sequence_number)
        ending = count == LAST_PLACE and self.closed_ms is not None
        return count if count is not None and (count <= self.end or ending) else None

    def _count(self, tally: Tally, record: StoredRecord) -> None:
        tally.add(record.size)
        if self.keep.digests:
            tally.mix(digest_of(record.partition_key, record.data))

    def _forget(self, records_max: int) -> None:
        """Drop the oldest records in one go when there are twice as many as must be kept."""
        if len(self.records) > 2 * records_max:
            del self.records[: len(self.records) - records_max]
