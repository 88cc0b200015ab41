"""The score log: score rows as Parquet in the lake (`scores/`), from which everything is trained and verified.

The log holds neither labels nor masks nor names.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from fraud.records.score_row import ScoreRow
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.instants import instant_of

if TYPE_CHECKING:
    import pyarrow as pa

_POSITION: Final = ("shard_id", "sequence_number", "sub_sequence_number")
_TIMES: Final = ("accepted_at", "occurred_at", "arrived_at", "scored_at")
_TUPLES: Final = ("rule_hits", "features")
_AS_THEY_ARE: Final = (
    "transaction_id", "account", "card_id", "model", "rules_version", "feature_set", "stage1_millilogit",
    "raw_millilogit", "score", "decision", "fallback",
)  # fmt: skip


def score_schema() -> "pa.Schema":
    """The columns of an object of the log, in its order. `features` are in the order of their feature set."""
    import pyarrow as pa  # noqa: PLC0415 - the rest of scoring needs no tables

    text, time = pa.string(), pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            *((name, text) for name in ("transaction_id", "account", "card_id", "shard_id", "sequence_number")),
            ("sub_sequence_number", pa.int64()),
            *((name, time) for name in _TIMES),
            *(("model", text), ("rules_version", text), ("feature_set", pa.int32())),
            *(("stage1_millilogit", pa.int32()), ("raw_millilogit", pa.int32()), ("score", pa.int16())),
            *(("decision", text), ("rule_hits", pa.list_(text)), ("fallback", text)),
            *(("shadow", pa.map_(text, pa.int32())), ("features", pa.list_(pa.float64()))),
        ]
    )


def table_of(rows: Sequence[ScoreRow]) -> "pa.Table":
    """Score rows as a table, in their order. It is made column by column, which costs a third of rows of dicts."""
    import pyarrow as pa  # noqa: PLC0415 - the rest of scoring needs no tables

    schema = score_schema()
    columns: dict[str, list[Any]] = {
        **{name: [getattr(row, name) for row in rows] for name in (*_AS_THEY_ARE, *_TIMES, *_TUPLES)},
        **{name: [getattr(row.position, name) for row in rows] for name in _POSITION},
        "shadow": [list(row.shadow.items()) for row in rows],
    }
    texts = dict.fromkeys(_TIMES, pa.string())  # of instants, which Arrow reads faster than Python does
    return pa.table(
        [pa.array(columns[each.name], texts.get(each.name, each.type)).cast(each.type) for each in schema], schema
    )


def rows_of(table: "pa.Table") -> Iterator[ScoreRow]:
    """The score rows of a table. Features are floating-point numbers there, whatever they were before."""
    return map(_row, table.to_pylist(maps_as_pydicts="strict"))


def _row(flat: dict[str, Any]) -> ScoreRow:
    shard_id, number, sub = (flat[name] for name in _POSITION)
    fields: dict[str, Any] = {
        **{name: flat[name] for name in _AS_THEY_ARE},
        **{name: instant_of(flat[name]) for name in _TIMES},
        **{name: tuple(flat[name]) for name in _TUPLES},
        "shadow": flat["shadow"],
    }
    return ScoreRow(position=Position(ShardId(shard_id), SequenceNumber(number), sub), **fields)
