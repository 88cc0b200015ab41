"""Objects of the log of scores, with the columns that a comparison reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa

from txn_core.lake.layout import SCORES_PREFIX
from txn_core.lake.parquet import parquet_of

TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("transaction_id", pa.string()), ("account", pa.string()), ("card_id", pa.string()),
        ("shard_id", pa.string()), ("sequence_number", pa.string()), ("sub_sequence_number", pa.int64()),
        ("accepted_at", TIME), ("arrived_at", TIME), ("occurred_at", TIME), ("model", pa.string()),
        ("raw_millilogit", pa.int32()), ("shadow", pa.map_(pa.string(), pa.int32())),
    ]
)  # fmt: skip
SHARD = "shardId-000000000000"


@dataclass(frozen=True, slots=True)
class Score:
    """One row."""

    transaction_id: str
    arrived_at: datetime
    sequence_number: int
    raw_millilogit: int | None = -5_000
    shadow: Mapping[str, int] = field(default_factory=dict)
    model: str | None = "mdl_a"
    shard_id: str = SHARD


def object_of(rows: Sequence[Score]) -> tuple[str, bytes]:
    """The key and the bytes of an object."""
    first = rows[0]
    columns = [
        {
            "transaction_id": row.transaction_id,
            "account": "acme",
            "card_id": f"card_{row.sequence_number % 5}",
            "shard_id": row.shard_id,
            "sequence_number": str(row.sequence_number),
            "sub_sequence_number": 0,
            "accepted_at": row.arrived_at - timedelta(seconds=1),
            "arrived_at": row.arrived_at,
            "occurred_at": row.arrived_at - timedelta(seconds=2),
            "model": row.model,
            "raw_millilogit": row.raw_millilogit,
            "shadow": list(row.shadow.items()),
        }
        for row in rows
    ]
    name = f"{first.shard_id}-{first.sequence_number}-0.parquet"
    return (
        f"{SCORES_PREFIX}dt={first.arrived_at:%Y-%m-%d}/hr={first.arrived_at:%H}/{name}",
        parquet_of(pa.Table.from_pylist(columns, SCHEMA)),
    )
