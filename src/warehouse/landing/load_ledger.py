"""What a landing's ledger says: which load brought a commit in, and of which commit's object.

Commits of two lakes have the same names. The digest of a commit's object tells them apart, so that a landing does not
take the commits of a new lake for those that it has.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from txn_core.exceptions import WarehouseError
from warehouse.curated.table import Append
from warehouse.landing.landing_tables import OBJECTS

_QUERY: Final = "select object_name, load_id, digest from {schema}.{objects}"


class LedgerEntry(NamedTuple):
    """One commit: the number of the load that brought it in, and the digest of its object (`Append.digest`)."""

    load_id: int
    digest: str


Ledger = Mapping[str, LedgerEntry]
"""The commits of a landing by their names."""


def ledger_query(schema: str) -> str:
    """What reads a ledger."""
    return _QUERY.format(schema=schema, objects=OBJECTS)


def ledger_of(rows: Iterable[Sequence[object]]) -> Ledger:
    """The ledger as `ledger_query` gives it."""
    return {str(name): LedgerEntry(int(str(load_id)), str(digest)) for name, load_id, digest in rows}


def next_load_id(ledger: Ledger) -> int:
    """The number of the next load."""
    return 1 + max((entry.load_id for entry in ledger.values()), default=0)


def missing(appends: Iterable[Append], ledger: Ledger) -> list[Append]:
    """The commits that are not in a ledger.

    Raises:
        WarehouseError: the ledger has a commit of that name, of another lake.
    """
    found = []
    for append in appends:
        entry = ledger.get(append.name)
        if entry is None:
            found.append(append)
        elif entry.digest != append.digest:
            raise WarehouseError(
                f"the warehouse holds another {append.name}, of another lake: give each lake a warehouse of its own"
            )
    return found
