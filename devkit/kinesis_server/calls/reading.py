"""GetShardIterator and GetRecords."""

from binascii import b2a_base64
from collections.abc import Sequence
from typing import Final

from devkit.kinesis_server.calls.answer import HttpReply
from devkit.kinesis_server.calls.shapes import LIST_MAX, GetRecords, GetShardIterator, IteratorType
from devkit.kinesis_server.calls.tokens import ShardIterator, decode_iterator, encode
from devkit.kinesis_server.errors import ACCOUNT_ID, KinesisError, invalid_argument, throttled
from devkit.kinesis_server.state.account import Account
from devkit.kinesis_server.state.shard import Shard, StoredRecord
from devkit.kinesis_server.state.stream import Stream

READ_BYTES_MAX: Final = 10 << 20


def get_shard_iterator(account: Account, request: GetShardIterator) -> HttpReply:
    """An iterator at the place that is asked for.

    Raises:
        KinesisError: there is no such stream, shard or place.
    """
    stream = account.ready_stream_of(request)
    shard = stream.shard(request["ShardId"])
    number, instant = request.get("StartingSequenceNumber"), request.get("Timestamp")
    place = place_of(account, stream, shard, request["ShardIteratorType"], number=number, instant=instant)
    return HttpReply({"ShardIterator": _iterator(account, stream, shard, place)})


def get_records(account: Account, request: GetRecords) -> HttpReply:
    """The records from an iterator on: at most 10,000 and 10 MB of them, and how far they are behind.

    At the end of a closed shard there is no further iterator, and its children are named instead.

    Raises:
        KinesisError: the iterator is expired or none of ours, or the shard's reads are used up.
    """
    iterator = decode_iterator(request["ShardIterator"])
    stream = account.stream(iterator.stream)
    now = account.clock()
    _refuse_expired(account, stream, iterator, now)
    shard = stream.shard(iterator.shard_id)
    scale = account.stream_limits.read_scale(shard.shard_id)
    if scale is not None and not shard.meter.admit_read(now, scale):
        raise throttled(shard.shard_id, stream.name)
    place = max(iterator.place, shard.horizon)
    records = shard.read(place, request.get("Limit", LIST_MAX), READ_BYTES_MAX)
    if scale is not None:
        shard.meter.charge_read(sum(record.size for record in records))
    place += len(records)
    document: dict[str, object] = {
        "Records": [record_document(record, account.faults.left_out) for record in records],
        "MillisBehindLatest": behind_ms(shard, place, records, int(now * 1000)),
    }
    if shard.closed_ms is not None and place >= shard.end:
        document["NextShardIterator"] = None
        document["ChildShards"] = [child_document(child) for child in stream.children(shard)]
    else:
        document["NextShardIterator"] = _iterator(account, stream, shard, place)
    return HttpReply(document)


def _iterator(account: Account, stream: Stream, shard: Shard, place: int) -> str:
    account.iterators_made += 1
    made_at = account.clock()
    return encode(ShardIterator(stream.name, stream.created, shard.shard_id, place, account.iterators_made, made_at))


def place_of(
    account: Account,
    stream: Stream,
    shard: Shard,
    kind: IteratorType,
    *,
    number: str | None,
    instant: float | None,
) -> int:
    """The place in a shard at which reading begins: by its kind, with the number or moment that goes with it.

    Raises:
        KinesisError: they do not go together, or there is no such place.
    """
    if (number is not None) is not kind.endswith("SEQUENCE_NUMBER"):
        raise invalid_argument(
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
            f"(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind}."
        )
    if number is not None:
        return _place_of_number(stream, shard, number, after=kind == "AFTER_SEQUENCE_NUMBER")
    if kind == "TRIM_HORIZON":
        return shard.horizon
    if kind == "LATEST":
        return shard.end
    if instant is None:
        raise invalid_argument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.")
    if instant > account.clock():
        raise invalid_argument("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.")
    return shard.place_at(round(instant * 1000))


def _place_of_number(stream: Stream, shard: Shard, number: str, *, after: bool) -> int:
    place = shard.place_after(number) if after else shard.place_of(number)
    if place is None:
        raise invalid_argument(
            f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard.shard_id} in stream "
            f"{stream.name} under account {ACCOUNT_ID} is invalid because it did not come from this stream."
        )
    return place


def _refuse_expired(account: Account, stream: Stream, iterator: ShardIterator, now: float) -> None:
    life_s = account.options.iterator_life_s
    if iterator.created != stream.created:
        raise invalid_argument("Invalid ShardIterator.")
    if iterator.number <= account.iterators_expired or now - iterator.made_at > life_s:
        raise KinesisError(
            "ExpiredIteratorException",
            f"Iterator expired. The iterator was created at time {iterator.made_at} while right now it is {now} "
            f"which is further in the future than the tolerated delay of {life_s * 1000:.0f} milliseconds.",
        )


def behind_ms(shard: Shard, place: int, records: Sequence[StoredRecord], now_ms: int) -> int:
    """Age of the last record given, or of the next one when none was; 0 exactly when nothing is left to read."""
    if place >= shard.end:
        return 0
    last = records[-1] if records else shard.read(place, 1, READ_BYTES_MAX)[0]
    return max(now_ms - last.arrived_ms, 1)


def record_document(record: StoredRecord, left_out: frozenset[str]) -> dict[str, object]:
    """A record as the API gives it, without the members that are left out."""
    document: dict[str, object] = {
        "SequenceNumber": record.sequence_number,
        "ApproximateArrivalTimestamp": record.arrived_ms / 1000,
        "Data": b2a_base64(record.data, newline=False),
        "PartitionKey": record.partition_key,
    }
    return {name: value for name, value in document.items() if name not in left_out} if left_out else document


def child_document(shard: Shard) -> dict[str, object]:
    """A child as the end of its parent's records names it."""
    return {
        "ShardId": shard.shard_id,
        "ParentShards": list(shard.parents),
        "HashKeyRange": shard.hash_range.document(),
    }
