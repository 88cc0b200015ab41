"""From the records of a range to its object: the same rows in the same order for the same range, whoever renders it.

Runs in a thread, since it takes a core for up to a second. Records that are no events are set apart; a record that
only Arrow refuses is found by halving.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from txn_core.errors import EventError
from txn_core.lake import Arrived, parquet_of, table_of
from workers.intake import take_in

if TYPE_CHECKING:
    import pyarrow as pa

Tabulate = Callable[[Sequence[Arrived]], "pa.Table"]


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that is no event, and why."""

    record: Arrived
    error: EventError


@dataclass(frozen=True, slots=True)
class Rendered:
    """The object of a range, if any record of it is sound, and the records that are not."""

    parquet: bytes | None
    rows: int
    poison: tuple[Poison, ...]


def render(records: Sequence[Arrived], tabulate: Tabulate = table_of) -> Rendered:
    """Make the object of a range."""
    sound: list[Arrived] = []
    poison: list[Poison] = []
    for record in records:
        try:
            sound.append(take_in(record).arrived)
        except EventError as error:
            poison.append(Poison(record, error))
    if not sound:
        return Rendered(None, 0, tuple(poison))
    try:
        table = tabulate(sound)
    except EventError:
        refused = {found.record.position: found for found in _refused(sound, tabulate)}
        poison += refused.values()
        sound = [record for record in sound if record.position not in refused]
        table = tabulate(sound) if sound else None
    return Rendered(None if table is None else parquet_of(table), len(sound), tuple(poison))


def _refused(records: Sequence[Arrived], tabulate: Tabulate) -> Iterator[Poison]:
    """The records that make a table impossible, found by halving."""
    try:
        tabulate(records)
    except EventError as error:
        if len(records) == 1:
            yield Poison(records[0], error)
            return
        half = len(records) // 2
        yield from _refused(records[:half], tabulate)
        yield from _refused(records[half:], tabulate)
