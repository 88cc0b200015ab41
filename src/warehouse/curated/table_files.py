"""Rows of the curated table and of the vault as new Parquet files, and back, a bounded number of rows at a time.

The files are for every engine: format 1 of Parquet's types, zstd, no schema of Arrow's beside Parquet's own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from txn_core.transactions.instants import Instant
from warehouse.curated.schema import CURATED_SCHEMA, VAULT_SCHEMA
from warehouse.curated.table import NewFile

GROUP_ROWS: Final = 131_072
FILE_ROWS_MAX: Final = 1_000_000
FILE_BYTES_MAX: Final = 128 << 20


@dataclass(slots=True)
class FileWriter:
    """Collects curated rows in files of bounded size, in memory.

    Attributes:
        appends: the append commits whose rows they are.
        files: the files that are done; all of them after `finish`.
    """

    appends: tuple[int, ...]
    rows_max: int = FILE_ROWS_MAX
    files: list[NewFile] = field(default_factory=list)
    _sink: Any = None
    _writer: Any = None
    _rows: int = 0
    _arrivals: list[Any] = field(default_factory=list)

    def write(self, table: pa.Table) -> None:
        """Take rows of `CURATED_SCHEMA`."""
        while table.num_rows:
            part = table.slice(0, self.rows_max - self._rows)
            self._write(part)
            table = table.slice(part.num_rows)
            if self._rows >= self.rows_max or self._sink.tell() >= FILE_BYTES_MAX:
                self.finish()

    def finish(self) -> None:
        """Close the file that is open, if one is."""
        if self._writer is None:
            return
        self._writer.close()
        first_at, last_at = min(self._arrivals), max(self._arrivals)
        body = self._sink.getvalue().to_pybytes()
        self.files.append(NewFile(body, self._rows, _instant(first_at), _instant(last_at), self.appends))
        self._writer, self._rows, self._arrivals = None, 0, []

    def _write(self, part: pa.Table) -> None:
        if self._writer is None:
            self._sink = pa.BufferOutputStream()
            self._writer = _writer(self._sink, CURATED_SCHEMA)
        self._writer.write_table(part, row_group_size=GROUP_ROWS)
        self._rows += part.num_rows
        self._arrivals += pc.min_max(part["arrived_at"]).as_py().values()


def vault_file(table: pa.Table, appends: tuple[int, ...]) -> NewFile:
    """Rows of the vault as a file."""
    sink = pa.BufferOutputStream()
    with _writer(sink, VAULT_SCHEMA) as writer:
        writer.write_table(table, row_group_size=GROUP_ROWS)
    return NewFile(sink.getvalue().to_pybytes(), table.num_rows, None, None, appends)


def once(tables: Iterable[pa.Table]) -> pa.Table:
    """The rows of tables of the vault, each once, with the first commit that said so; in order."""
    said = [name for name in VAULT_SCHEMA.names if name != "first_commit"]
    grouped = pa.concat_tables(tables).group_by(said).aggregate([("first_commit", "min")])
    named = grouped.rename_columns({"first_commit_min": "first_commit"}).select(VAULT_SCHEMA.names)
    return named.sort_by([(name, "ascending") for name in VAULT_SCHEMA.names]).cast(VAULT_SCHEMA)


def batches(body: bytes, schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of a file, a group at a time."""
    for batch in pq.ParquetFile(pa.BufferReader(body)).iter_batches(batch_size=GROUP_ROWS):
        yield pa.Table.from_batches([batch]).cast(schema)


def _writer(sink: Any, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(sink, schema, version="1.0", compression="zstd", store_schema=False)


def _instant(moment: Any) -> Instant:
    return Instant(f"{moment.isoformat(timespec='microseconds')}Z")
