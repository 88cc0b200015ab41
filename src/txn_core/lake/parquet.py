"""Tables as the bytes of Parquet files, and back."""

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_ROWS: Final = 131_072


def parquet_of(table: pa.Table) -> bytes:
    """The table as one Parquet file: zstd, statistics, the same bytes for the same table and writer version."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP_ROWS, store_schema=True)
    return bytes(sink.getvalue())


def read_parquet(data: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """A table, or some columns of it, from a Parquet file's bytes."""
    return pq.read_table(pa.BufferReader(data), columns=None if columns is None else list(columns))


def slices(data: bytes, rows_max: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a Parquet file's bytes, or some of their columns, so many at a time.

    A file need not fit into memory twice.
    """
    for batch in pq.ParquetFile(pa.BufferReader(data)).iter_batches(batch_size=rows_max, columns=columns):
        yield pa.Table.from_batches([batch])
