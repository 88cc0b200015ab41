"""PutRecords and PutRecord."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devkit.kinesis_server.calls.answer import HttpReply
from devkit.kinesis_server.calls.shapes import PutRecord, PutRecords, PutRecordsEntry
from devkit.kinesis_server.errors import (
    THROTTLED,
    KinesisError,
    invalid_argument,
    throttled_message,
    validation_failed,
)
from devkit.kinesis_server.fates import RecordFate
from devkit.kinesis_server.faults import Incoming
from devkit.kinesis_server.state.account import Account
from devkit.kinesis_server.state.shard import HASH_KEY_MAX, NewRecord, Shard, StoredRecord
from devkit.kinesis_server.state.stream import Stream


@dataclass(frozen=True, slots=True)
class _Refused:
    """A record that is answered with an error, wherever it may stand."""

    code: str
    message: str


def put_records(account: Account, request: PutRecords) -> HttpReply:
    """Store records one after the other; one that is refused does not stop those behind it.

    Raises:
        KinesisError: the request as a whole breaks a limit, and nothing of it is stored.
    """
    stream = account.ready_stream_of(request)
    records = [_new_record(entry, stream, number) for number, entry in enumerate(request["Records"], 1)]
    if sum(record.size for record in records) > account.options.request_bytes_max:
        raise invalid_argument("Records size exceeds 5 MB limit")
    results: list[Mapping[str, object]] = []
    stored: list[tuple[Shard, StoredRecord]] = []
    for index, record in enumerate(records):
        outcome = _put(account, stream, record, index)
        if isinstance(outcome, _Refused):
            results.append({"ErrorCode": outcome.code, "ErrorMessage": outcome.message})
        else:
            stored.append(outcome)
            results.append(_landing(outcome[1]))
    return HttpReply({"FailedRecordCount": len(results) - len(stored), "Records": results}, stored)


def put_record(account: Account, request: PutRecord) -> HttpReply:
    """Store one record.

    Raises:
        KinesisError: it was refused; a shard's limit or a fault is an error of the call here.
    """
    stream = account.ready_stream_of(request)
    outcome = _put(account, stream, _new_record(request, stream), 0)
    if isinstance(outcome, _Refused):
        raise KinesisError(outcome.code, outcome.message)
    return HttpReply(_landing(outcome[1]), [outcome])


def miscounted(answer: HttpReply, by: int) -> HttpReply:
    """An answer to PutRecords that has fewer or more results than there were records: it acknowledges nothing."""
    document = answer.document or {}
    results = document.get("Records")
    if not isinstance(results, Sequence):
        return answer
    changed = results[:by] if by < 0 else [*results, *[results[-1]] * by]
    return HttpReply({**document, "Records": changed})


def _put(account: Account, stream: Stream, new: NewRecord, index: int) -> tuple[Shard, StoredRecord] | _Refused:
    """Store one record where it belongs, unless limits or its fate are against it."""
    shard, fate = _destined(account, stream, new, index)
    refused = None
    if fate is not None and fate.error is not None:
        throttle = fate.error == THROTTLED
        message = throttled_message(shard.shard_id, stream.name) if throttle else fate.message
        refused = _Refused(fate.error, message)
        if not fate.stores:
            return refused
    now = account.clock()
    scale = account.stream_limits.write_scale(shard.shard_id)
    if scale is not None and not shard.meter.admit_write(new.size, now, scale):
        return _Refused(THROTTLED, throttled_message(shard.shard_id, stream.name))
    record = stream.store(shard, new, now)
    return refused or (shard, record)


def _destined(account: Account, stream: Stream, new: NewRecord, index: int) -> tuple[Shard, RecordFate | None]:
    """The shard that a record goes to, and its fate if it has one."""
    faults = account.faults
    shard = stream.route(new.partition_key.encode(), new.explicit_hash_key)
    if faults.ignore_keys:
        shard = faults.rng.choice(stream.open_shards)
    if not faults.touches_records:
        return shard, None
    fate = faults.record_fate(Incoming(stream.name, shard.shard_id, new, index))
    if fate is not None and fate.elsewhere:
        shard = stream.another(shard, faults.rng)
    elif fate is not None and fate.shard_id is not None:
        wanted = stream.shard(fate.shard_id)
        shard = wanted if wanted.closed_ms is None else shard
    return shard, fate


def _new_record(entry: PutRecordsEntry, stream: Stream, number: int | None = None) -> NewRecord:
    """An entry of a request whose sizes are within bounds."""
    key, hash_key, data = entry["PartitionKey"], entry.get("ExplicitHashKey"), entry["Data"]
    size = len(data) + (len(key) if key.isascii() else len(key.encode()))
    if size > stream.record_bytes_max:
        path = "data" if number is None else f"records.{number}.member.data"
        raise validation_failed(path, f"Member must have length less than or equal to {stream.record_bytes_max}")
    if hash_key is not None and int(hash_key) > HASH_KEY_MAX:
        raise invalid_argument(
            f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {hash_key}"
        )
    return NewRecord(key, hash_key, data, size)


def _landing(record: StoredRecord) -> dict[str, object]:
    return {"SequenceNumber": record.sequence_number, "ShardId": record.shard_id}
