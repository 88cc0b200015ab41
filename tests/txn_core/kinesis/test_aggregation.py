"""The KPL aggregation format, both ways against the reference library."""

import hashlib

import pytest
from aws_kinesis_agg.aggregator import RecordAggregator
from devkit.user_records import UserRecord, deaggregate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.reference_reader import by_reference
from txn_core.kinesis.aggregation import MAGIC, aggregate, unpack

HASH_KEY = str(2**128 - 1)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)
RECORDS = st.lists(st.builds(UserRecord, KEYS, st.binary(max_size=300)), min_size=1, max_size=20)
SAMPLE = [UserRecord("card_1_a", b"one"), UserRecord("card_1_b", b"two"), UserRecord("card_1_a", b"")]


def sealed(message: bytes) -> bytes:
    """A message between magic and a digest that fits."""
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


@given(RECORDS)
@settings(max_examples=60)
def test_the_reference_reader_reads_what_we_write(records: list[UserRecord]) -> None:
    """Keys, bytes and order arrive, and every record carries the explicit hash key of the whole."""
    found = by_reference(aggregate(records, HASH_KEY))
    assert found == [(record.partition_key, record.data, HASH_KEY) for record in records]


@given(RECORDS)
@settings(max_examples=60)
def test_we_read_what_the_reference_writes(records: list[UserRecord]) -> None:
    """A record made by the reference library is taken apart as it was put together."""
    aggregator = RecordAggregator()
    for record in records:
        aggregator.add_user_record(record.partition_key, record.data, HASH_KEY)
    _, _, data = aggregator.clear_and_get().get_contents()
    assert deaggregate(data, "outer") == records


@given(RECORDS)
@settings(max_examples=60)
def test_what_is_aggregated_comes_back(records: list[UserRecord]) -> None:
    """Our reader reads our writer."""
    assert deaggregate(aggregate(records, HASH_KEY), "outer") == records


def test_many_and_large_records_come_back() -> None:
    """Indexes and lengths that need several bytes are written and read, also by the reference."""
    records = [UserRecord(f"key-{i % 300}", bytes([i % 256]) * (i * 7 % 5_000)) for i in range(1_000)]
    data = aggregate(records, HASH_KEY)
    assert deaggregate(data, "outer") == records
    assert [(key, value) for key, value, _ in by_reference(data)] == [(r.partition_key, r.data) for r in records]


@given(st.binary(max_size=300))
@example(b"")
@example(MAGIC)
@example(MAGIC + b"\0" * 15)
@example(sealed(b""))
@settings(max_examples=150)
def test_any_other_bytes_are_one_plain_record(data: bytes) -> None:
    """A record that is no aggregate is its own only user record."""
    assert deaggregate(data, "outer") == [UserRecord("outer", data)]


@given(st.data())
@settings(max_examples=150)
def test_a_damaged_aggregate_is_a_plain_record(data: st.DataObject) -> None:
    """Truncated or changed, its digest no longer fits, so it is kept whole for the dead letters."""
    whole = aggregate(SAMPLE, HASH_KEY)
    index = data.draw(st.integers(0, len(whole) - 1))
    damaged = data.draw(
        st.sampled_from(
            [whole[:index], whole[index + 1 :], whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :]]
        )
    )
    assert deaggregate(damaged, "outer") == [UserRecord("outer", damaged)]


@given(st.binary(max_size=120))
@settings(max_examples=300)
def test_any_message_with_a_fitting_digest_is_read_without_loss(message: bytes) -> None:
    """Random protobuf under a right digest never raises and never yields nothing."""
    assert deaggregate(sealed(message), "outer")


@given(st.data())
@settings(max_examples=200)
def test_a_damaged_message_with_a_fitting_digest_is_read_without_loss(data: st.DataObject) -> None:
    """A truncated or changed message under a right digest never raises and never yields nothing."""
    message = aggregate(SAMPLE, HASH_KEY)[len(MAGIC) : -16]
    index = data.draw(st.integers(0, len(message) - 1))
    byte = data.draw(st.integers(0, 255))
    for damaged in (message[:index], message[:index] + bytes([byte]) + message[index + 1 :]):
        assert deaggregate(sealed(damaged), "outer")


@pytest.mark.parametrize(
    "message",
    [
        b"",  # nothing at all
        b"\x0a\x01k",  # a key and no record
        b"\x1a\x03\x08\x00\x1a",  # a record cut off
        b"\x0a\x01k\x1a\x04\x08\x05\x1a\x00",  # a key index beyond the table
        b"\x0a\x01k\x1a\x02\x1a\x00",  # no key index
        b"\x0a\x01k\x1a\x02\x08\x00",  # no data
        b"\x0a\x01k\x1b",  # a group, which the format does not have
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # a length of more than 64 bits
        b"\x0a\x7f",  # a length beyond the end
    ],
)
def test_a_message_that_is_no_aggregate_is_a_plain_record(message: bytes) -> None:
    """Whatever is wrong with the message, the record is kept whole rather than dropped."""
    assert deaggregate(sealed(message), "outer") == [UserRecord("outer", sealed(message))]


def test_unknown_fields_are_passed_over() -> None:
    """Tags and fields of later versions do not hinder reading, as protobuf has it."""
    record = b"\x08\x00\x1a\x01d" + b"\x22\x02\x0a\x00" + b"\x28\x01" + b"\x31" + b"\0" * 8 + b"\x3d" + b"\0" * 4
    message = b"\x0a\x01k" + b"\x1a" + bytes([len(record)]) + record + b"\x38\x05"
    assert deaggregate(sealed(message), "outer") == [UserRecord("k", b"d")]


def test_the_bytes_by_example() -> None:
    """The format as its documentation lays it out: magic, tables, records, MD5."""
    message = b"\x0a\x01k" + b"\x12\x017" + b"\x1a\x07\x08\x00\x10\x00\x1a\x01d"
    assert aggregate([UserRecord("k", b"d")], "7") == sealed(message)


@given(RECORDS)
def test_what_is_unpacked_lies_in_what_came(records: list[UserRecord]) -> None:
    """Nothing is copied, whatever the form of the aggregate, and no record begins where the magic stands."""
    data = aggregate(records, HASH_KEY)
    keys, holder, begins, ends = unpack(data, "outer")
    assert holder is data
    assert min(begins) > 0
    assert keys == [record.partition_key for record in records]
    assert [holder[begin:end] for begin, end in zip(begins, ends, strict=True)] == [record.data for record in records]


def test_an_aggregate_with_tables_behind_its_records_is_unpacked_where_it_lies() -> None:
    """Protobuf has no order of fields: a foreign producer may write its keys last."""
    data = sealed(b"\x1a\x05\x08\x00\x1a\x01d" + b"\x0a\x01k")
    keys, holder, begins, ends = unpack(data, "outer")
    assert (keys, holder[begins[0] : ends[0]]) == (["k"], b"d")
    assert holder is data


def test_an_aggregate_of_events_is_unpacked_where_it_lies() -> None:
    data = aggregate([UserRecord("card", bytes(800))] * 50, HASH_KEY)
    assert unpack(data, "outer").data is data
