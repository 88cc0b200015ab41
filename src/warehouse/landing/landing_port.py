"""The port of a landing: the rows of append commits come in once, and a ledger in the same transaction says which.

Objects decide what is new, not clocks: a commit that comes late is loaded as any other. A load takes the landing's
lock, reads the ledger, adds the rows of what the ledger does not name, then the names, and commits. So a load may be
repeated after any doubt, and two at once load each commit once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, Self

import pyarrow as pa

from warehouse.curated.table import Append, DataFile
from warehouse.landing.load_ledger import Ledger

Tables = Callable[[], Iterable[pa.Table]]
"""Gives the tables from their beginning each time that it is called: a load may have to begin again."""


@dataclass(frozen=True, slots=True)
class LoadBatch:
    """What a load is offered.

    Attributes:
        appends: the append commits.
        tables: curated rows, among them all rows of these commits, and perhaps rows of others.
        vault: rows of the vault, with the same rule; a landing of positions alone leaves them unread.
        files: the files of the lake that `tables` are read from, for an engine that reads them by itself.
    """

    appends: tuple[Append, ...]
    tables: Tables
    vault: Tables = tuple
    files: tuple[DataFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did.

    Attributes:
        load_id: the load's number, or None when nothing was to be loaded.
        objects: names of the commits that this load brought in.
        rows: how many rows it brought in.
    """

    load_id: int | None = None
    objects: tuple[str, ...] = ()
    rows: int = 0


class Landing(Protocol):
    """The landing of one engine. Its methods block: call them in a thread."""

    def open(self) -> Self:
        """Connect, and make or extend schema, ledger and table.

        Raises:
            WarehouseError: the engine cannot be reached.
            WarehouseBusyError: another process holds it for longer than we wait.
        """

    def loaded(self) -> Ledger:
        """The commits that are in."""

    def load(self, batch: LoadBatch) -> Loaded:
        """Bring in what the ledger does not name yet; nothing of it, or all of it.

        Raises:
            WarehouseError: the tables do not hold what the commits say, the ledger has a commit of another lake, or
                the engine refuses.
            WarehouseBusyError: another load holds the lock for longer than we wait.
        """

    def close(self) -> None:
        """Let go of the engine. Once is enough, twice is no error."""
