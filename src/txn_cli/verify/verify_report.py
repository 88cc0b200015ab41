"""What a verification found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Final, Self

EXPLANATIONS: Final = {
    "rows": "sound rows of the file",
    "missing_in_index": "not found by id",
    "different_in_index": "found with other content",
    "missing_in_lake": "without a row of the same content in the lake",
    "duplicated_in_lake": "stream positions that the lake holds more than once",
    "repeated_in_stream": "sent more than once (information, not a fault)",
    "missing_in_landing": "not among the positions of the warehouse",
    "doubled_in_landing": "stream positions that the warehouse holds more than once",
    "different_in_landing": "there with other content alone",
    "missing_in_star": "not among the transactions of the warehouse",
    "doubled_in_star": "ids that are there as several transactions",
    "different_in_star": "there with another field, net amount or number of writes",
    "missing_in_oltp": "not in the normalised database",
    "doubled_in_oltp": "ids that are in it as several transactions",
    "different_in_oltp": "in it with another field",
}


@dataclass(frozen=True, slots=True)
class TableFaults:
    """What is wrong with the rows of a file in one table of a warehouse."""

    missing: int = 0
    doubled: int = 0
    different: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.missing + other.missing, self.doubled + other.doubled, self.different + other.different
        )


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of rows, but for `duplicated_in_lake`, which counts stream positions of the whole lake.

    `tables` are the tables of a warehouse that were compared, by name. Doubled positions of its landing are those of
    the whole landing.
    """

    rows: int = 0
    missing_in_index: int = 0
    different_in_index: int = 0
    missing_in_lake: int = 0
    duplicated_in_lake: int = 0
    repeated_in_stream: int = 0
    tables: Mapping[str, TableFaults] = field(default_factory=dict)

    @property
    def all_right(self) -> bool:
        """Whether the store holds what the file says. Repeats are no fault: an id may be sent again."""
        return not any(count for name, count in self.document().items() if name not in _INFORMATION)

    def __add__(self, other: Self) -> Self:
        counts = {name: getattr(self, name) + getattr(other, name) for name in _COUNTS}
        tables = {
            name: self.tables.get(name, TableFaults()) + other.tables.get(name, TableFaults())
            for name in (*self.tables, *(name for name in other.tables if name not in self.tables))
        }
        return type(self)(**counts, tables=tables)

    def document(self) -> dict[str, int]:
        """The counts as a machine reads them."""
        of_tables = {f"{what}_in_{name}": n for name, each in self.tables.items() for what, n in asdict(each).items()}
        return {name: getattr(self, name) for name in _COUNTS} | of_tables


_COUNTS: Final = tuple(each.name for each in fields(Report) if each.name != "tables")
_INFORMATION: Final = frozenset({"rows", "repeated_in_stream"})
