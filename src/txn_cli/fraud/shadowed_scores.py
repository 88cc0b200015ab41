"""What champions and challengers gave the same transactions, as the log of scores has it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from txn_core.aws.objects import ObjectStore
from txn_core.lake.layout import RAW_PREFIX, SCORES_PREFIX
from txn_core.lake.stream_objects import stream_tables
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.transactions.instants import instant_of

_PLACE: Final = ("accepted_at", "shard_id", "sequence_number", "sub_sequence_number")
_NAME: Final = ("account", "transaction_id")
_SCORE: Final = ("card_id", "occurred_at", "model", "raw_millilogit", "shadow")

Names = tuple[str, str]
"""The account and the id of a transaction."""


class ShadowedScore(NamedTuple):
    """The score of a transaction: log-odds in thousandths of the model that decided, and of those beside it.

    Where no model scored, `model` or its log-odds are None.
    """

    card: str
    occurred_at: datetime
    model: str | None
    raw_millilogit: int | None
    shadow: Mapping[str, int]


async def shadowed_scores(store: ObjectStore, begin: datetime, end: datetime) -> dict[Names, ShadowedScore]:
    """The scores of what arrived from one moment to before another.

    Of a transaction that two shards have scored, as a reshard makes possible, the score of its first write counts.
    """
    found: dict[Names, tuple[WriteOrder, ShadowedScore]] = {}
    async for row in _rows(store, SCORES_PREFIX, (*_PLACE, *_NAME, *_SCORE), begin, end):
        position = Position(
            ShardId(row["shard_id"]), SequenceNumber(row["sequence_number"]), row["sub_sequence_number"]
        )
        order = WriteOrder.of(instant_of(row["accepted_at"]), position)
        name = row["account"], row["transaction_id"]
        if name not in found or order < found[name][0]:
            score = ShadowedScore(
                f"{row['account']}#{row['card_id']}",
                row["occurred_at"],
                row["model"],
                row["raw_millilogit"],
                dict(row["shadow"] or ()),
            )
            found[name] = order, score
    return {name: score for name, (_, score) in found.items()}


async def imported_labels(store: ObjectStore, begin: datetime, end: datetime) -> dict[Names, bool]:
    """What transactions say of themselves (`is_fraud`), of those that arrived between two moments and say it."""
    found: dict[Names, bool] = {}
    async for row in _rows(store, RAW_PREFIX, (*_NAME, "is_fraud"), begin, end):
        if row["is_fraud"] is not None:
            found.setdefault((row["account"], row["transaction_id"]), row["is_fraud"])
    return found


async def _rows(
    store: ObjectStore, prefix: str, columns: Sequence[str], begin: datetime, end: datetime
) -> AsyncIterator[dict[str, Any]]:
    async for table in stream_tables(store, prefix, begin, end, (*columns, "arrived_at")):
        for row in table.to_pylist():
            if begin <= row["arrived_at"] < end:
                yield row
