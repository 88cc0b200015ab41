"""The lake: events as rows of typed, flat Parquet, and back, without loss.

One row a stream position, sorted as in the stream. Nested objects of the event become prefixed columns; an object
that is absent has only nulls there (an event never has an object that says nothing). `card_aliases` alone is a list,
null where an event has none; files from before there were any lack it. `arrived_at` and the position
stand beside the event's own columns, so that a row says where it came from.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from txn_core.errors import EventError
from txn_core.event import Event
from txn_core.instants import instant_of
from txn_core.positions import Position, SequenceNumber, ShardId

RAW_PREFIX: Final = "raw/"
DEAD_LETTER_PREFIX: Final = "dead-letters/"
ROW_GROUP_ROWS: Final = 131_072
NESTED: Final = ("merchant", "customer", "terminal")

_TIME = pa.timestamp("us", tz="UTC")
_MERCHANT = pa.struct(
    [("name", pa.string()), ("category", pa.string()), ("latitude", pa.float64()), ("longitude", pa.float64())]
)
_CUSTOMER = pa.struct(
    [
        *((name, pa.string()) for name in ("reference", "first_name", "last_name", "gender", "date_of_birth", "job")),
        *((name, pa.string()) for name in ("street", "city", "state", "postal_code")),
        *(("latitude", pa.float64()), ("longitude", pa.float64()), ("city_population", pa.int64())),
    ]
)
_TERMINAL = pa.struct([("terminal_id", pa.string()), ("entry_mode", pa.string())])
# The event's fields in the order in which `event.encode` writes them.
EVENT_SCHEMA = pa.schema(
    [
        ("schema", pa.int64()),
        *((name, pa.string()) for name in ("transaction_id", "account", "card_id", "card_masked")),
        *(("customer_id", pa.string()), ("merchant_id", pa.string()), ("accepted_at", pa.string())),
        ("card_aliases", pa.list_(pa.string())),
        *(("type", pa.string()), ("original_transaction_id", pa.string())),
        *(("amount_minor", pa.int64()), ("currency", pa.string()), ("occurred_at", pa.string())),
        *(("merchant", _MERCHANT), ("customer", _CUSTOMER), ("terminal", _TERMINAL), ("is_fraud", pa.bool_())),
    ]
)
_TIMES: Final = ("accepted_at", "occurred_at")
_LISTS: Final = ("card_aliases",)


class Arrived(NamedTuple):
    """An event's bytes as they stood on the stream."""

    data: bytes
    position: Position
    arrived_at: datetime


def table_of(events: Sequence[Arrived]) -> pa.Table:
    """Rows of valid events, straight from their bytes.

    Raises:
        EventError: some bytes are not one event of the current schema; the caller finds out which.
    """
    lines = b"\n".join(event.data for event in events)
    try:
        parsed = pa_json.read_json(
            io.BytesIO(lines),
            read_options=pa_json.ReadOptions(use_threads=False, block_size=max(len(lines) + 1, 1 << 20)),
            parse_options=pa_json.ParseOptions(explicit_schema=EVENT_SCHEMA, unexpected_field_behavior="error"),
        )
        parsed = parsed.select(EVENT_SCHEMA.names).combine_chunks()
        parsed.validate(full=True)
        own_columns = dict(_flat(parsed))
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise EventError(f"not {len(events)} events: {type(error).__name__}") from None
    if parsed["transaction_id"].null_count:
        raise EventError(f"not {len(events)} events: some are null")
    if parsed.num_rows != len(events):
        raise EventError(f"{parsed.num_rows} documents in {len(events)} events")
    columns = own_columns | {
        "shard_id": pa.array([e.position.shard_id for e in events], pa.string()),
        "sequence_number": pa.array([e.position.sequence_number for e in events], pa.string()),
        "sub_sequence_number": pa.array([e.position.sub_sequence_number for e in events], pa.int64()),
        "arrived_at": pa.array([e.arrived_at for e in events], _TIME),
    }
    return pa.table(columns)


def parquet_of(table: pa.Table) -> bytes:
    """The table as one Parquet file: zstd, statistics, the same bytes for the same table and writer version."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP_ROWS, store_schema=True)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def read_parquet(data: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """A table, or some columns of it, from a Parquet file's bytes."""
    return pq.read_table(pa.BufferReader(data), columns=None if columns is None else list(columns))


def slices(data: bytes, rows_max: int) -> Iterator[pa.Table]:
    """The rows of a Parquet file's bytes, so many at a time: a file need not fit into memory twice."""
    for batch in pq.ParquetFile(pa.BufferReader(data)).iter_batches(batch_size=rows_max):
        yield pa.Table.from_batches([batch])


def arrived_of(table: pa.Table) -> Iterator[Arrived]:
    """The events of a table again, byte for byte as they stood on the stream."""
    for row in table.to_pylist():
        position = Position(
            ShardId(row.pop("shard_id")), SequenceNumber(row.pop("sequence_number")), row.pop("sub_sequence_number")
        )
        arrived_at = row.pop("arrived_at")
        yield Arrived(_event_bytes(row), position, arrived_at)


def _flat(parsed: pa.Table) -> Iterator[tuple[str, pa.ChunkedArray]]:
    for name in EVENT_SCHEMA.names:
        column = parsed[name]
        if name == "schema":
            yield "schema_version", column
        elif name in _TIMES:
            # The instants end in Z and have six digits; the cast reads both exactly.
            yield name, pc.cast(column, _TIME)
        elif name in NESTED:
            nested = column.combine_chunks()
            for i, field in enumerate(nested.type):
                # `flatten` carries the nulls of the object over to its fields; `field(i)` would not.
                yield _column(name, field.name), pa.chunked_array([nested.flatten()[i]])
        else:
            yield name, column


def _column(nested: str, field: str) -> str:
    return field if field == f"{nested}_id" else f"{nested}_{field}"


def _event_bytes(row: dict[str, Any]) -> bytes:
    document: dict[str, Any] = {}
    for field in EVENT_SCHEMA:
        if field.name == "schema":
            document["schema"] = row["schema_version"]
        elif field.name in _TIMES:
            document[field.name] = instant_of(row[field.name])
        elif field.name in _LISTS:
            if values := row.get(field.name):
                document[field.name] = tuple(values)
        elif field.name in NESTED:
            inner = {part.name: row[_column(field.name, part.name)] for part in field.type}
            document[field.name] = inner if any(value is not None for value in inner.values()) else None
        else:
            document[field.name] = row[field.name]
    return Event.model_validate(document).model_dump_json(by_alias=True).encode()
