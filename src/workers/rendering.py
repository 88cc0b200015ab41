"""From the records of a range to its object: the same rows in the same order for the same range, whoever renders it.

Runs in a thread, since it takes a core for up to a second. Records that are no events are set apart; a record that
only Arrow refuses is found by halving, and is set apart as long as Arrow takes a specimen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from txn_core.errors import EventError, UnwritableError
from txn_core.lake import Arrived, parquet_of, table_of
from workers.intake import glance, take_in
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
    try:
        return _rendered(_Taken.by(glance, records), tabulate)
    except (EventError, UnwritableError):
        return _without_culprits(_Taken.by(_look_closer, records), tabulate)


@dataclass(frozen=True, slots=True)
class _Taken:
    """The records of a range, those that are no events set apart."""

    sound: list[Arrived]
    poison: list[Poison]

    @classmethod
    def by(cls, look: Callable[[Arrived], Arrived], records: Sequence[Arrived]) -> "_Taken":
        taken = cls([], [])
        for record in records:
            try:
                taken.sound.append(look(record))
            except EventError as error:
                taken.poison.append(Poison(record, error))
        return taken


def _look_closer(record: Arrived) -> Arrived:
    return take_in(record).arrived


def _rendered(taken: _Taken, tabulate: Tabulate) -> Rendered:
    parquet = _parquet(taken.sound, tabulate) if taken.sound else None
    return Rendered(parquet, len(taken.sound), tuple(taken.poison))


def _without_culprits(taken: _Taken, tabulate: Tabulate) -> Rendered:
    """The object without those records for which there is none."""
    try:
        return _rendered(taken, tabulate)
    except (EventError, UnwritableError):
        refused = {found.record.position: found for found in _refused(taken.sound, tabulate)}
        if any(isinstance(found.error, UnwritableError) for found in refused.values()):
            _parquet([SPECIMEN_RECORD], tabulate)
        sound = [record for record in taken.sound if record.position not in refused]
        return _rendered(_Taken(sound, [*taken.poison, *refused.values()]), tabulate)


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
