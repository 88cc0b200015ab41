"""Ledgers: what a worker kind has made durable of a shard, as a count and a digest for each minute of arrival.

A digest (`txn_core/position_digest.py`) knows no order, so any split of the same positions into batches gives the
same ledger, and two views that hold the same have equal ledgers.

A ledger stands on the lease row beside the checkpoint and is written together with it by one conditional write:
it says at any moment exactly what the checkpoint covers, whatever crashes, repeats itself or comes too late. So that
the row stays small, minutes that records no longer arrive in leave it in two steps. The write that notes newer ones
sets them apart as `leaving`, under a name that follows from the checkpoint of that write. Whoever holds the lease
next puts them under that name into the ledger's table, once or several times, before the write that drops them. A
record that arrives late for a minute that has left opens another part of it; a reader adds the parts up.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final, NewType, Self

from txn_core.kinesis.record_batch import RecordBatch, StreamRecord
from txn_core.position_digest import added, digest_of_places, digest_of_record, digest_text
from txn_core.positions import Position

Minute = NewType("Minute", str)
"""A minute of arrival in UTC, `2026-01-02T03:04`; text order is the order of time."""

OPEN_MINUTES_MAX: Final = 3  # records arrive a little out of the order of their times
NOTED_SPAN_MAX: Final = timedelta(hours=1)  # of one checkpoint: bounds the row, and the hours an object lies in
DISORDER_MAX: Final = timedelta(minutes=1)
"""How far arrival times of a shard go backwards at most from one record to a later one."""


def minute_of(moment: datetime) -> Minute:
    """The minute of an aware moment."""
    return Minute(moment.astimezone(UTC).isoformat(timespec="minutes")[:16])


def start_of(minute: Minute) -> datetime:
    """The moment when a minute begins."""
    return datetime.fromisoformat(minute).replace(tzinfo=UTC)


def prefix_within_span(records: Sequence[StreamRecord]) -> int:
    """How many of some records, from the first on, arrived closely enough to go under one checkpoint."""
    runs = RecordBatch.of(records).runs
    near = takewhile(lambda run: abs(run.arrived_at - runs[0].arrived_at) < NOTED_SPAN_MAX, runs)
    return sum(run.events for run in near)


@dataclass(frozen=True, slots=True)
class Sum:
    """A count of positions, and the sum of their hashes."""

    count: int = 0
    digest: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, added(self.digest, other.digest))

    @property
    def digest_text(self) -> str:
        """The digest as 32 hexadecimal digits."""
        return digest_text(self.digest)

    @classmethod
    def of_text(cls, count: str, digest_text: str) -> Self:
        """The sum again."""
        return cls(int(count), int(digest_text, 16))


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums by minute, in order."""

    sums: tuple[tuple[Minute, Sum], ...] = ()

    @classmethod
    def of(cls, sums: Mapping[Minute, Sum]) -> Self:
        """The tally of some minutes."""
        return cls(tuple(sorted(sums.items(), key=lambda item: item[0])))

    def __add__(self, other: "Tally") -> "Tally":
        added = defaultdict(Sum, self.sums)
        for minute, more in other.sums:
            added[minute] += more
        return Tally.of(added)

    @property
    def newest(self) -> Minute | None:
        """The latest minute."""
        return self.sums[-1][0] if self.sums else None


def tally_of(records: Iterable[StreamRecord]) -> Tally:
    """The tally of records. Called for every record of the stream: about a third of a microsecond each."""
    counts: defaultdict[Minute, int] = defaultdict(int)
    digests: defaultdict[Minute, int] = defaultdict(int)
    for run in RecordBatch.of(records).runs:
        minute = minute_of(run.arrived_at)
        counts[minute] += run.events
        digests[minute] += digest_of_record(run.sequence_number, run.sub_sequence_numbers)
    return Tally.of({minute: Sum(count, added(digests[minute])) for minute, count in counts.items()})


def sum_of(records: Iterable[StreamRecord]) -> Sum:
    """The sum of records of any minutes. It costs least when the records of one aggregate follow each other."""
    places = [(record.position.sequence_number, record.position.sub_sequence_number) for record in records]
    return Sum(len(places), digest_of_places(places))


@dataclass(frozen=True, slots=True)
class Ledger:
    """What has been noted of a shard since this ledger began.

    Attributes:
        epoch: tells it from the ledgers that the same shard had before, whose parts stand in the same table.
        since: the minute in which it began, of which it therefore does not know all; none when it began with the
            shard.
        through: the checkpoint that it belongs to.
        open: the latest minutes.
        leaving: those that left at the checkpoint `left_at`, until they are in the table for sure.
    """

    epoch: str
    since: Minute | None
    through: str
    open: Tally = Tally()
    leaving: Tally = Tally()
    left_at: str = ""

    def noted(self, tally: Tally, through: str) -> "Ledger":
        """The ledger at a further checkpoint. What was leaving before must be in the table by then."""
        sums = (self.open + tally).sums
        leaving, kept = sums[:-OPEN_MINUTES_MAX], sums[-OPEN_MINUTES_MAX:]
        left_at = through if leaving else ""
        return replace(self, through=through, open=Tally(kept), leaving=Tally(leaving), left_at=left_at)


def checkpoint_text(position: Position) -> str:
    """A checkpoint as ledgers write it."""
    return f"{position.sequence_number}/{position.sub_sequence_number}"


def ledger_at(
    before: Ledger | None, tally: Tally, *, done: Position | None, to: Position, whole: bool, fresh_epoch: str
) -> Ledger | None:
    """The ledger of a row whose checkpoint moves from `done` to `to`, the positions in between being the tally.

    A row that got its checkpoint from elsewhere (an older version of this code, an operator who has the shard read
    again) has a ledger that does not belong to it, or none: another one begins with the first positions; `whole`
    says that these are the shard's first. Asked again for a row that is already at `to`, it leaves the ledger as it
    is.
    """
    through, done_text = checkpoint_text(to), "" if done is None else checkpoint_text(done)
    if done_text == through:
        return before
    if before is None or before.through != done_text:
        if not tally.sums:
            return None
        since = None if whole else tally.sums[0][0]
        before = Ledger(epoch=fresh_epoch, since=since, through=done_text)
    return before.noted(tally, through)
