"""Objects of the raw lake as tables of its columns, whatever version of us wrote them.

A column that an old file lacks is null; a column that we do not know yet stays, behind the known ones, since what the
client said there is part of the content. Whatever is no such object is refused by itself.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from txn_core.exceptions import TxnError
from txn_core.lake.columns import RAW_SCHEMA

REQUIRED: Final = (
    *("schema_version", "transaction_id", "account", "card_id", "card_masked", "customer_id", "merchant_id"),
    *("accepted_at", "type", "amount_minor", "currency", "occurred_at", "merchant_name"),
    *("shard_id", "sequence_number", "sub_sequence_number", "arrived_at"),
)
"""Columns that no event and no position does without."""


# Read as their dictionaries, which takes half of the time: most texts come many times.
_TEXTS: Final = [field.name for field in RAW_SCHEMA if field.type == pa.string() and field.name != "transaction_id"]
_DICTIONARY: Final = pa.dictionary(pa.int32(), pa.string())
_TIMES: Final = [field.name for field in RAW_SCHEMA if pa.types.is_timestamp(field.type)]
_FIRST_TIME: Final = pa.scalar(datetime.min.replace(tzinfo=UTC))
_LAST_TIME: Final = pa.scalar(datetime.max.replace(tzinfo=UTC))


class UnreadableObjectError(TxnError):
    """An object of the raw lake that is none: no Parquet, or without what every row has."""


def raw_table(data: bytes) -> pa.Table:
    """The rows of an object, with every column of `RAW_SCHEMA` and what it has besides.

    Raises:
        UnreadableObjectError: the bytes are no object of the raw lake. Its text quotes nothing of them.
    """
    try:
        table = pq.read_table(pa.BufferReader(data), use_threads=False, read_dictionary=_TEXTS)
        table.validate(full=True)  # the reader takes text that is not UTF-8
        known = {field.name: _column(table, field) for field in RAW_SCHEMA}
        further = {name: _text(table[name]) for name in table.column_names if name not in known}
    except MemoryError:  # of which Arrow's own is one: it says nothing of the object
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableObjectError(type(error).__name__) from None
    if lacking := [name for name in REQUIRED if known[name].null_count]:
        raise UnreadableObjectError(f"without {', '.join(lacking)}")
    if far := [name for name in _TIMES if not _are_of_our_time(known[name])]:
        raise UnreadableObjectError(f"with {', '.join(far)} outside of the years 1 to 9999")
    if not all(name and "\0" not in name for name in further):
        raise UnreadableObjectError("with a column without a name")
    return pa.table(known | further)


def one_table(tables: Iterable[pa.Table]) -> pa.Table:
    """The rows of tables of `raw_table`, of which some may have further columns."""
    return pa.concat_tables(tables, promote_options="permissive")


def _column(table: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    kind = _DICTIONARY if field.name in _TEXTS else field.type
    if field.name not in table.column_names:
        return pa.chunked_array([pa.nulls(table.num_rows, kind)])
    column = table[field.name]
    if column.type == kind:
        return column
    column = column.cast(field.type)
    return column.dictionary_encode() if kind == _DICTIONARY else column


def _are_of_our_time(column: pa.ChunkedArray) -> bool:
    """Whether every engine, and Python, has a moment for each value."""
    span = pc.min_max(column)
    first, last = span["min"], span["max"]
    return not first.is_valid or (
        pc.less_equal(_FIRST_TIME, first).as_py() and pc.less_equal(last, _LAST_TIME).as_py()
    )


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column that we do not know as text, so that files that hold it in several types go together."""
    try:
        return column.cast(pa.string())
    except pa.ArrowNotImplementedError:  # a nested one
        return pa.chunked_array(
            [[None if value is None else str(value) for value in column.to_pylist()]], pa.string()
        )
