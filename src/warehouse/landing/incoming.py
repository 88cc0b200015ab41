"""The rows of a load: those of the wanted commits, taken out of larger tables and counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from txn_core.exceptions import WarehouseError
from warehouse.curated.table import Append

COMMIT: Final = "commit_number"
LOAD_ID: Final = "load_id"


@dataclass(slots=True)
class Incoming:
    """The rows of some commits on their way into a landing.

    Attributes:
        appends: the commits that are wanted.
        schema: the columns of the table that the rows are for.
    """

    appends: Sequence[Append]
    schema: pa.Schema
    _counts: Counter[int] = field(default_factory=Counter)

    def of(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The wanted rows of each table, noted as they pass.

        Raises:
            WarehouseError: a table has a column that this version does not know.
        """
        wanted = pa.array([append.number for append in self.appends], pa.int64())
        for table in tables:
            rows = conformed(table.filter(pc.is_in(table[COMMIT], wanted)), self.schema)
            if rows.num_rows:
                self._note(rows)
                yield rows

    def check(self) -> None:
        """Hold what came against what the commits say.

        Raises:
            WarehouseError: a commit's rows are not as many as the commit says.
        """
        for append in self.appends:
            if (found := self._counts[append.number]) != append.rows:
                raise WarehouseError(f"{append.name} has {append.rows} rows, and its files hold {found}")

    def _note(self, rows: pa.Table) -> None:
        for found in pc.value_counts(rows[COMMIT]).to_pylist():
            self._counts[found["values"]] += found["counts"]


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table in the columns of a schema; a column that older files lack is null.

    Raises:
        WarehouseError: the table has a column that this version does not know, or one of another type.
    """
    if unknown := sorted(set(table.column_names) - set(schema.names)):
        raise WarehouseError(f"a newer version wrote the columns {', '.join(unknown)}: update this one first")
    columns = [
        table[name] if name in table.column_names else pa.nulls(table.num_rows, schema.field(name).type)
        for name in schema.names
    ]
    try:
        return pa.table(columns, names=schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError):
        raise WarehouseError("the curated files do not have the columns of this version") from None


def with_load_id(rows: pa.Table, load_id: int) -> pa.Table:
    """The rows with the number of their load as last column."""
    return rows.append_column(LOAD_ID, pa.repeat(pa.scalar(load_id, pa.int64()), rows.num_rows))
