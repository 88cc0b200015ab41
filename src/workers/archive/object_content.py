"""Whether an object of the lake holds the records that stand on the stream at its positions.

An object is named by shard, sequence number and hour of arrival. All of these can be those of another stream: one of
the same name that was deleted, or one that somebody else archives into the same bucket. Such an object is found in
the place of ours, and taking it for ours would lose a range without a word.
"""

from typing import Final

from txn_core.exceptions import EventError
from txn_core.kinesis.record_batch import RecordBatch, StreamRecord
from txn_core.lake.parquet import read_parquet
from txn_core.transactions.event import Event

_COLUMNS: Final = ("shard_id", "sequence_number", "sub_sequence_number", "arrived_at", "transaction_id")


def holds(data: bytes, records: RecordBatch) -> bool:
    """Whether an object's rows are these records, as far as it has rows at their positions; it has some, if any.

    A row says where it stood, when it arrived, and whose event it is. Rows that the object lacks say nothing: an
    older version may have set the record apart.
    """
    read = {record.position.within_shard(): record for record in records}
    shard_ids = {run.shard_id for run in records.runs}
    rows = read_parquet(data, _COLUMNS).to_pylist()
    both = [
        (row, record)
        for row in rows
        if (record := read.get((int(row["sequence_number"]), row["sub_sequence_number"]))) is not None
    ]
    return bool(both or not rows) and all(
        row["shard_id"] in shard_ids and row["arrived_at"] == record.arrived_at and _is(record, row["transaction_id"])
        for row, record in both
    )


def _is(record: StreamRecord, transaction_id: str) -> bool:
    """Whether a record may be the event with an id; what is no event by today's rules may be any."""
    if transaction_id.encode() in record.data:
        return True
    try:
        return Event.decode(record.data).transaction_id == transaction_id
    except EventError:
        return True
