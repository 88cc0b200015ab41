"""From the records of a range to its object: the same rows in the same order for the same range, whoever renders it.

Runs in a thread, since it takes a core for up to a second. Records that are no events are set apart; a record that
only Arrow refuses is found by halving, and is set apart as long as Arrow takes a specimen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from txn_core.errors import EventError, UnwritableError
from txn_core.lake import Arrived, parquet_of, table_of
from workers.intake import take_in
from workers.specimen import SPECIMEN_RECORD

Tabulate = Callable[[Sequence[Arrived]], pa.Table]


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that is no event, or one that cannot become a row, and why."""

    record: Arrived
    error: EventError | UnwritableError


@dataclass(frozen=True, slots=True)
class Rendered:
    """The object of a range, if any record of it is sound, and the records that are not."""

    parquet: bytes | None
    rows: int
    poison: tuple[Poison, ...]


def render(records: Sequence[Arrived], tabulate: Tabulate = table_of) -> Rendered:
    """Make the object of a range.

    Raises:
        UnwritableError: no object can be made, and no record of the range is to blame.
    """
    sound: list[Arrived] = []
    poison: list[Poison] = []
    for record in records:
        try:
            sound.append(take_in(record).arrived)
        except EventError as error:
            poison.append(Poison(record, error))
    if not sound:
        return Rendered(None, 0, tuple(poison))
    parquet: bytes | None
    try:
        parquet = _parquet(sound, tabulate)
    except (EventError, UnwritableError):
        refused = {found.record.position: found for found in _refused(sound, tabulate)}
        if any(isinstance(found.error, UnwritableError) for found in refused.values()):
            _parquet([SPECIMEN_RECORD], tabulate)
        poison += refused.values()
        sound = [record for record in sound if record.position not in refused]
        parquet = _parquet(sound, tabulate) if sound else None
    return Rendered(parquet, len(sound), tuple(poison))


def _parquet(records: Sequence[Arrived], tabulate: Tabulate) -> bytes:
    """The file of some events, or whose fault it is that there is none; what memory or disk lack is no record's."""
    try:
        return parquet_of(tabulate(records))
    except MemoryError:  # of which Arrow's own is one, beside being Arrow's
        raise
    except (pa.ArrowException, OverflowError, UnicodeError) as error:
        raise UnwritableError(type(error).__name__) from error


def _refused(records: Sequence[Arrived], tabulate: Tabulate) -> Iterator[Poison]:
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
