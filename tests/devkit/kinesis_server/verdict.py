"""What a run promised, held against what the server remembers."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from devkit.kinesis_server.state.shard import StoredRecord
from devkit.user_records import UserRecord, deaggregate

from devkit.kinesis_server import KinesisServer, fates
from tests.devkit.kinesis_server.builders import STREAM
from tests.devkit.kinesis_server.storm_run import CARDS, Handed, StormRun
from tests.support.fake_kinesis import hash_key_of
from tests.support.reference_reader import by_reference
from txn_core.exceptions import NotStoredError, OutcomeUnknownError
from txn_core.positions import Position, SequenceNumber, ShardId

Found = Mapping[Position, tuple[UserRecord, StoredRecord]]


class Place(NamedTuple):
    """A record's place in the order in which the stream took records; shards are told apart by the millisecond."""

    arrived_ms: int
    shard_id: str
    within: tuple[int, int]


def check(run: StormRun) -> None:
    """Hold all that the producer promises of its answers, its order and its bounds."""
    found = _found(run.server)
    stored = {record.data for record, _ in found.values()}
    for each in run.handed:
        _check_answer(each, found, stored)
    first = _first_places(found)
    for card in range(CARDS):
        _check_order([each for each in run.handed if each.key == f"card{card}"], first)
    _check_bounds(run)


def check_reading(run: StormRun, read: Mapping[Position, bytes]) -> int:
    """Hold what readers make of the records as they were sent; gives the number of aggregates.

    Our workers find every position with its bytes. The reference reads the same user records, and all of them carry
    the explicit hash key of the whole, which is inside the shard: KCL would discard the aggregate otherwise.
    """
    found = _found(run.server)
    assert read == {position: record.data for position, (record, _) in found.items()}
    aggregates = run.aggregates()
    astray = run.storm.ignores_keys or run.server.faults.met[fates.LANDS_ELSEWHERE.name]
    for record in aggregates:
        users = deaggregate(record.data, record.partition_key)
        assert len(users) > 1
        hash_key = record.explicit_hash_key
        assert hash_key is not None
        assert by_reference(record.data) == [(user.partition_key, user.data, hash_key) for user in users]
        assert astray or int(hash_key) in run.server.stream(STREAM).shard(record.shard_id).hash_range
    return len(aggregates)


def check_hashes(server: KinesisServer) -> None:
    """On a stream that keeps its shards each user record stands where its own key belongs."""
    for record, outer in _found(server).values():
        assert hash_key_of(record.partition_key) in server.stream(STREAM).shard(outer.shard_id).hash_range


def _found(server: KinesisServer) -> Found:
    return {
        Position(ShardId(outer.shard_id), SequenceNumber(outer.sequence_number), sub): (record, outer)
        for outer in server.stream(STREAM).records()
        for sub, record in enumerate(deaggregate(outer.data, outer.partition_key))
    }


def _check_answer(each: Handed, found: Found, stored: set[bytes]) -> None:
    assert each.answers == (each.future is not None)
    if (landing := each.landing) is not None:
        record, outer = found[Position(*landing[:3])]
        assert (record.partition_key, record.data) == (each.key, each.data)
        assert outer.acknowledged
    elif each.future is None or isinstance(each.error, NotStoredError):
        assert each.data not in stored
    else:
        assert each.given_up or isinstance(each.error, OutcomeUnknownError)


def _first_places(found: Found) -> Mapping[bytes, Place]:
    first: dict[bytes, Place] = {}
    for position, (record, outer) in found.items():
        place = Place(outer.arrived_ms, outer.shard_id, position.within_shard())
        first[record.data] = min(place, first.get(record.data, place))
    return first


def _check_order(card: Sequence[Handed], first: Mapping[bytes, Place]) -> None:
    """Acknowledged records came in the order in which they were handed over; the clock tells, within a shard exactly.

    What was acknowledged was settled before its successor was sent, so this holds across shards as well.
    """
    places = [first[each.data] for each in card if each.landing is not None]
    for earlier, later in pairwise(places):
        assert earlier.arrived_ms <= later.arrived_ms
    for shard_id in {place.shard_id for place in places}:
        within = [place.within for place in places if place.shard_id == shard_id]
        assert within == sorted(within)


def _check_bounds(run: StormRun) -> None:
    assert run.unanswered == 0
    assert run.bytes_held_max <= run.storm.buffer_bytes
    assert run.producer.buffered_bytes == 0
    assert run.registry.get_sample_value("txn_user_records_pending") == 0
    assert all(request.done() for request in run.producer._requests)
    assert all(not lane.queue and not lane.bytes_held for lane in run.producer._lanes.all())
