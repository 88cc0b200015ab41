"""From the records of a range to its object: the same rows in the same order for the same range, whoever renders it.

Runs in a thread, since it takes a core for up to a second. Rows are made part by part, small enough for the caches of
a core. A record is looked at closely only where its bytes or its row do not have the form of an event; records that
are no events are set apart. When Arrow refuses a part, all records are looked at closely, and one that only Arrow
refuses is found by halving, and is set apart as long as Arrow takes a sample event.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from txn_core.exceptions import EventError, UnwritableError
from txn_core.kinesis.record_batch import RecordBatch, RecordRun, StreamRecord
from txn_core.lake.column_form import of_other_form
from txn_core.lake.columns import table_of
from txn_core.lake.parquet import parquet_of
from workers.events.decoding import decode, to_look_at
from workers.events.sample_event import SAMPLE_RECORD

PART_ROWS: Final = 4_096  # part of the object's bytes, as it decides where pages end

Tabulate = Callable[[Sequence[StreamRecord]], pa.Table]


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that is no event, or one that cannot become a row, and why."""

    record: StreamRecord
    error: EventError | UnwritableError


@dataclass(frozen=True, slots=True)
class Rendered:
    """The object of a range, if any record of it is sound, and the records that are not."""

    parquet: bytes | None
    rows: int
    poison: tuple[Poison, ...]


def render(records: Sequence[StreamRecord], tabulate: Tabulate = table_of, part_rows: int = PART_ROWS) -> Rendered:
    """Make the object of a range, so many rows at a time.

    Raises:
        UnwritableError: no object can be made, and no record of the range is to blame.
    """
    try:
        with _refusals_told():
            return _at_a_glance(RecordBatch.of(records), tabulate, part_rows)
    except (EventError, UnwritableError):
        return _without_culprits(*_looked_at(records, range(len(records))), tabulate)


def _looked_at(
    records: Sequence[StreamRecord], places: Collection[int]
) -> tuple[Sequence[StreamRecord], list[Poison]]:
    """Look at the records at some places closely: gives the sound ones, and those that are no events.

    When nothing comes of it, the sound ones are what was given.
    """
    found: dict[int, StreamRecord | None] = {}
    poison: list[Poison] = []
    for place in places:
        record = records[place]
        try:
            sound = decode(record).arrived
        except EventError as error:
            error.__context__ = None  # which holds what stood in the record; there may be tens of thousands
            poison.append(Poison(record, error.with_traceback(None)))
            found[place] = None
        else:
            if sound is not record:
                found[place] = sound
    if not found:
        return records, poison
    kept = (found.get(place, record) for place, record in enumerate(records))
    return [record for record in kept if record is not None], poison


def _at_a_glance(records: RecordBatch, tabulate: Tabulate, part_rows: int) -> Rendered:
    """The object, as long as rows come of all that looks like an event."""
    tables: list[pa.Table] = []
    runs: list[RecordRun] = []
    poison: list[Poison] = []
    for at in range(0, len(records), part_rows):
        part = records[at : at + part_rows]
        sound, no_events = _looked_at(part, to_look_at(part))
        poison += no_events
        if sound:
            tables.append(tabulate(sound))
            runs += RecordBatch.of(sound).runs
    if not tables:
        return Rendered(None, 0, tuple(poison))
    table, rows = pa.concat_tables(tables), RecordBatch(runs)
    sound, no_events = _looked_at(rows, of_other_form(table))
    if sound is rows:
        return Rendered(parquet_of(table), len(rows), tuple(poison))
    poison += no_events
    poison.sort(key=lambda found: found.record.position.within_shard())
    return _rendered(sound, poison, tabulate)


def _rendered(sound: Sequence[StreamRecord], poison: Sequence[Poison], tabulate: Tabulate) -> Rendered:
    return Rendered(_parquet(sound, tabulate) if sound else None, len(sound), tuple(poison))


def _without_culprits(taken: Sequence[StreamRecord], poison: Sequence[Poison], tabulate: Tabulate) -> Rendered:
    """The object without those records for which there is none."""
    try:
        return _rendered(taken, poison, tabulate)
    except (EventError, UnwritableError):
        refused = {found.record.position: found for found in _refused(taken, tabulate)}
        if any(isinstance(found.error, UnwritableError) for found in refused.values()):
            _parquet([SAMPLE_RECORD], tabulate)
        sound = [record for record in taken if record.position not in refused]
        return _rendered(sound, [*poison, *refused.values()], tabulate)


def _parquet(records: Sequence[StreamRecord], tabulate: Tabulate) -> bytes:
    """The file of some events, or whose fault it is that there is none."""
    with _refusals_told():
        return parquet_of(tabulate(records))


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Say of what Arrow refuses that it is unwritable; what memory or disk lack is no record's fault."""
    try:
        yield
    except MemoryError:  # of which Arrow's own is one, beside being Arrow's
        raise
    except (pa.ArrowException, OverflowError, UnicodeError) as error:
        raise UnwritableError(type(error).__name__) from error


def _refused(records: Sequence[StreamRecord], tabulate: Tabulate) -> Iterator[Poison]:
    """The records that make a file impossible, found by halving."""
    try:
        _parquet(records, tabulate)
    except (EventError, UnwritableError) as error:
        if len(records) == 1:
            yield Poison(records[0], error)
            return
        half = len(records) // 2
        yield from _refused(records[:half], tabulate)
        yield from _refused(records[half:], tabulate)
