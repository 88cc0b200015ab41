"""Events as rows of typed, flat columns, and back, without loss.

One row a stream position, sorted as in the stream. Nested objects of the event become prefixed columns; an object
that is absent has only nulls there (an event never has an object that says nothing). `card_aliases` alone is a list,
null where an event has none, and `metadata` is its object as JSON text. What came with a later version of the event
is null in other rows, and files from before lack it. `arrived_at` and the position stand beside the event's own
columns, so that a row says where it came from.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json

from txn_core.exceptions import EventError
from txn_core.kinesis.record_batch import RecordBatch, RecordRun, StreamRecord
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.event import LATER_FIELDS, OFFSET, Event
from txn_core.transactions.instants import instant_of
from txn_core.transactions.payment_fields import METADATA, PAYMENT_FIELDS

NESTED: Final = ("merchant", "customer", "terminal")

_TIME = pa.timestamp("us", tz="UTC")
_MERCHANT = pa.struct(
    [
        *(("name", pa.string()), ("category", pa.string()), ("latitude", pa.float64()), ("longitude", pa.float64())),
        ("country", pa.string()),
    ]
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
        *(("card_aliases", pa.list_(pa.string())), (OFFSET, pa.int64())),
        *(("type", pa.string()), ("original_transaction_id", pa.string())),
        *(("amount_minor", pa.int64()), ("currency", pa.string()), ("occurred_at", pa.string())),
        *(("merchant", _MERCHANT), ("customer", _CUSTOMER), ("terminal", _TERMINAL), ("is_fraud", pa.bool_())),
        *((name, pa.int64() if name == "cardholder_amount_minor" else pa.string()) for name in PAYMENT_FIELDS),
    ]
)
# Metadata, whose names are the clients', is JSON text in its column. In the bytes of an event it is the one object
# behind this name: a text cannot hold a quote that is not escaped, and in metadata a name has a text behind it.
_QUOTED: Final = rb'"(?:[^"\\]|\\.)*+"'
_METADATA: Final = re.compile(rb'(?<="metadata":)\{%b:%b(?:,%b:%b)*+\}' % ((_QUOTED,) * 4))
_TIMES: Final = ("accepted_at", "occurred_at")
_LISTS: Final = ("card_aliases",)


def column_of(nested: str, field: str) -> str:
    """The column of a field of an object."""
    return field if field == f"{nested}_id" else f"{nested}_{field}"


def _flat_fields() -> Iterator[tuple[str, pa.DataType]]:
    for event_field in EVENT_SCHEMA:
        if event_field.name == "schema":
            yield "schema_version", event_field.type
        elif event_field.name in NESTED:
            yield from ((column_of(event_field.name, part.name), part.type) for part in event_field.type)
        else:
            yield event_field.name, _TIME if event_field.name in _TIMES else event_field.type


# The columns of an object, in the order of its file. Old files lack some; files of the future may have more.
RAW_SCHEMA: Final = pa.schema(
    [
        *_flat_fields(),
        *(("shard_id", pa.string()), ("sequence_number", pa.string())),
        *(("sub_sequence_number", pa.int64()), ("arrived_at", _TIME)),
    ]
)


def table_of(records: Sequence[StreamRecord]) -> pa.Table:
    """Rows of valid events, straight from their bytes.

    Raises:
        EventError: some bytes are not one event of the current schema; the caller finds out which.
    """
    stretch = RecordBatch.of(records)
    lines = stretch.lines
    try:
        parsed = pa_json.read_json(
            io.BytesIO(_with_metadata_as_text(lines)),
            read_options=pa_json.ReadOptions(use_threads=False, block_size=max(len(lines) + 1, 1 << 20)),
            parse_options=pa_json.ParseOptions(explicit_schema=EVENT_SCHEMA, unexpected_field_behavior="error"),
        )
        parsed = parsed.select(EVENT_SCHEMA.names).combine_chunks()
        if not lines.isascii():
            parsed.validate(full=True)  # the reader takes text that is not UTF-8
        own_columns = dict(_flat(parsed))
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise EventError(f"not {len(stretch)} events: {type(error).__name__}") from None
    if parsed["transaction_id"].null_count:
        raise EventError(f"not {len(stretch)} events: some are null")
    if parsed.num_rows != len(stretch):
        raise EventError(f"{parsed.num_rows} documents in {len(stretch)} events")
    return pa.table(own_columns | _position_columns(stretch.runs))


def _with_metadata_as_text(lines: bytes) -> bytes:
    """Events with the object of their metadata as a text: Arrow's reader wants to know all names."""
    if b'"metadata":{' not in lines:
        return lines
    return _METADATA.sub(lambda found: b'"%b"' % found[0].replace(b"\\", rb"\\").replace(b'"', rb"\""), lines)


def arrived_of(table: pa.Table) -> Iterator[StreamRecord]:
    """The events of a table again, byte for byte as they stood on the stream."""
    for row in table.to_pylist():
        place = ShardId(row["shard_id"]), SequenceNumber(row["sequence_number"]), row["sub_sequence_number"]
        yield StreamRecord(_event_bytes(row), Position(*place), row["arrived_at"])


def _position_columns(runs: Sequence[RecordRun]) -> dict[str, pa.Array]:
    """The columns that say where each row stood and when it arrived; but for one they are the same all over a run."""
    ends = pa.array(accumulate(run.events for run in runs), pa.int32())

    def all_over(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pc.run_end_decode(pa.RunEndEncodedArray.from_arrays(ends, pa.array(values, kind)))

    return {
        "shard_id": all_over([run.shard_id for run in runs], pa.string()),
        "sequence_number": all_over([run.sequence_number for run in runs], pa.string()),
        "sub_sequence_number": pa.array(chain.from_iterable(run.sub_sequence_numbers for run in runs), pa.int64()),
        "arrived_at": all_over([run.arrived_at for run in runs], _TIME),
    }


def _flat(parsed: pa.Table) -> Iterator[tuple[str, pa.ChunkedArray]]:
    for name in EVENT_SCHEMA.names:
        column = parsed[name]
        if name == "schema":
            yield "schema_version", column
        elif name in _TIMES:
            # The instants end in Z and have six digits; the cast reads both exactly.
            yield name, pc.cast(column, _TIME)
        elif name in NESTED:
            # `flatten` carries the nulls of the object over to its fields; `field(i)` would not.
            for field, values in zip(column.type, column.flatten(), strict=True):
                yield column_of(name, field.name), values
        else:
            yield name, column


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
        elif field.name in LATER_FIELDS:
            if (value := row.get(field.name)) is not None:
                document[field.name] = json.loads(value) if field.name == METADATA else value
        elif field.name in NESTED:
            inner = {part.name: row.get(column_of(field.name, part.name)) for part in field.type}
            document[field.name] = inner if any(value is not None for value in inner.values()) else None
        else:
            document[field.name] = row[field.name]
    return Event.model_validate(document).model_dump_json(by_alias=True).encode()
