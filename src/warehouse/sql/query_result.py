"""The result of a query: the names and types of its columns, and its rows, which come as they are asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query, to be read once."""

    schema: pa.Schema
    rows: Iterator[Row]

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in their order."""
        return list(self.schema.names)

    def mapped(self, change: Callable[[Row], Row]) -> "QueryResult":
        """The same with each row changed."""
        return replace(self, rows=map(change, self.rows))


def rows_of(batches: Iterator[Any]) -> Iterator[Row]:
    """The rows of record batches, as values of Python."""
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
