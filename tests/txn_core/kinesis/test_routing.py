"""Lanes and Kinesis records, by key and by shard; sizes are upper bounds of what is sent."""

import base64
import math
from collections.abc import Sequence
from typing import Any, cast

import pytest
from aws_kinesis_agg.deaggregator import deaggregate_records
from devkit.user_records import UserRecord, deaggregate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.fake_kinesis import FakeKinesis
from tests.txn_core.kinesis.builders import pending, shard_map
from txn_core.kinesis.lane import Pending
from txn_core.kinesis.lanes import Lanes
from txn_core.kinesis.routing import ByKey, ByShard, Routing
from txn_core.kinesis.stream_limits import PAYLOAD_UNIT_BYTES, Limits

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=256)


def bytes_of(entry: Any) -> int:
    """All bytes of an entry that could count against a request."""
    return (
        len(cast("bytes", entry["Data"]))
        + len(entry["PartitionKey"].encode())
        + len(entry.get("ExplicitHashKey", ""))
    )


def parcels_of(
    routing: Routing, limits: Limits, records: Sequence[UserRecord]
) -> list[tuple[int, Any, list[Pending]]]:
    """The parcels in which records would travel one after the other: their sizes, entries and records."""
    lanes = Lanes(limits)
    lanes.reroute(routing, 0.0)
    for record in records:
        made = pending(lanes.of(record.partition_key), key=record.partition_key, data=record.data)
        made.size = len(record.partition_key.encode()) + len(record.data)
        lanes.add(made)
    parcels = []
    while taken := lanes.take(shared=True, suspects_max=1):
        for parcel in taken:
            parcels.append((parcel.size, routing.entry(parcel.lane.name, parcel.records), list(parcel.records)))
            lanes.open(parcel.lane)
    return parcels


@given(
    records=st.lists(st.builds(UserRecord, KEYS, st.binary(max_size=2_000)), min_size=1, max_size=40),
    shards=st.integers(1, 5),
)
@example(records=[UserRecord("k" * 256, b"")] * 300, shards=1)
@example(records=[UserRecord(f"{n}", b"") for n in range(300)], shards=1)
@example(records=[UserRecord("ü" * 256, bytes(20_000)) for n in range(300)], shards=2)
@settings(max_examples=60, deadline=None)
def test_a_parcel_is_never_larger_than_it_was_reckoned(records: list[UserRecord], shards: int) -> None:
    """Keys, hash keys, lengths, magic and digest are in the reckoning, so the limits hold before sending."""
    for size, entry, _ in parcels_of(ByShard(shard_map(shards)), Limits(), records):
        assert bytes_of(entry) <= size
    for size, entry, _ in parcels_of(ByKey(), Limits(), records):
        assert bytes_of(entry) <= size


def test_small_records_are_reckoned_closely() -> None:
    """The bound wastes less than a twentieth of a parcel of ordinary transactions."""
    records = [UserRecord(f"card_1_{n:032x}", bytes(800)) for n in range(250)]
    for size, entry, _ in parcels_of(ByShard(shard_map(1)), Limits(), records):
        assert size < 1.05 * bytes_of(entry)


def test_parcels_fill_payload_units() -> None:
    """What waits beyond whole units waits for the next parcel: little of what is paid for is empty."""
    records = [UserRecord(f"card_1_{n:032x}", bytes(800)) for n in range(250)]
    parcels = parcels_of(ByShard(shard_map(1)), Limits(), records)
    filled = [len(entry["Data"]) / PAYLOAD_UNIT_BYTES for _, entry, _ in parcels]
    assert len(filled) == 2
    assert filled[0] > 0.95 * math.ceil(filled[0])
    assert filled[1] < 1


@given(st.lists(st.builds(UserRecord, KEYS, st.binary(max_size=100)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_what_is_packed_lands_on_its_shard_and_comes_back(records: list[UserRecord]) -> None:
    """The record and every sub-record carry the shard's hash key; both readers find all of them, in order."""
    kinesis = FakeKinesis(shard_count=3)
    for _, entry, sent in parcels_of(ByShard(shard_map(kinesis=kinesis)), Limits(), records):
        shard_ids = {record.lane.name for record in sent}
        expected = [(record.partition_key, record.data) for record in sent]
        found = deaggregate(entry["Data"], entry["PartitionKey"])
        assert [(record.partition_key, record.data) for record in found] == expected
        if len(sent) > 1:
            assert {kinesis.shard_of(int(entry["ExplicitHashKey"])).shard_id} == shard_ids
            reference = by_reference(entry["Data"])
            assert reference == [(key, data, entry["ExplicitHashKey"]) for key, data in expected]


def by_reference(data: bytes) -> Sequence[tuple[str, bytes, str | None]]:
    """Partition key, data and explicit hash key of each record as the reference reader finds them."""
    outer = {"kinesisSchemaVersion": "1.0", "partitionKey": "outer", "sequenceNumber": "1"}
    outer |= {"approximateArrivalTimestamp": cast("Any", 0), "data": cast("Any", base64.b64encode(data))}
    inner = [record["kinesis"] for record in deaggregate_records([{"kinesis": outer}])]
    return [(r["partitionKey"], base64.b64decode(r["data"]), r.get("explicitHashKey")) for r in inner]


def test_one_alone_travels_plain() -> None:
    """A record that shares with none is as its producer made it, under its own key."""
    routing = ByShard(shard_map(2))
    entry = routing.entry(routing.lane_of("card"), [UserRecord("card", b"data")])
    assert entry == {"Data": b"data", "PartitionKey": "card"}
    assert ByKey().entry("card", [UserRecord("card", b"data")]) == {"Data": b"data", "PartitionKey": "card"}


@pytest.mark.parametrize(
    ("key", "size", "reason"),
    [
        ("k", 1_001, "RecordTooLarge"),
        ("k", 1_000, None),
        ("", 10, "PartitionKeyInvalid"),
        ("k" * 257, 300, "PartitionKeyInvalid"),
        ("ü" * 256, 600, None),
    ],
)
def test_what_would_spoil_a_request_is_found_before(key: str, size: int, reason: str | None) -> None:
    """A record's size and its key's length are held against Kinesis' limits."""
    assert Limits(record_bytes_max=1_000).refusal(key, size) == reason
