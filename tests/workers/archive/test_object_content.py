"""Whether an object holds the records that stand on the stream at its positions."""

import pytest

from tests.builders import position
from tests.workers.builders import event, id_of, records
from txn_core.kinesis.record_batch import RecordBatch, StreamRecord
from txn_core.lake.columns import table_of
from txn_core.lake.parquet import parquet_of
from txn_core.positions import ShardId
from workers.archive.object_content import holds

RECORDS = records(*(event() for _ in range(5)))
OBJECT = parquet_of(table_of(RECORDS))


def changed(index: int, **fields: object) -> RecordBatch:
    """The records, one of them another."""
    return RecordBatch.of([r._replace(**fields) if i == index else r for i, r in enumerate(RECORDS)])  # type: ignore[arg-type]


@pytest.mark.parametrize(("first", "last"), [(0, 5), (1, 4), (4, 5)])
def test_an_object_holds_its_records_and_each_part_of_them(first: int, last: int) -> None:
    assert holds(OBJECT, RecordBatch.of(RECORDS[first:last]))


def test_an_object_all_of_whose_rows_stand_elsewhere_is_another() -> None:
    """It would stand for a range of which it holds nothing."""
    assert not holds(OBJECT, RecordBatch.of(records(event(), event(), start=100)))


def test_records_that_the_object_lacks_say_nothing() -> None:
    assert holds(parquet_of(table_of(RECORDS[:2])), RecordBatch.of(RECORDS))


def test_a_record_that_arrived_at_another_time_is_another() -> None:
    arrived_at = RECORDS[4].arrived_at
    assert not holds(OBJECT, changed(3, arrived_at=arrived_at))


def test_a_record_with_another_event_is_another() -> None:
    assert not holds(OBJECT, changed(3, data=event()))


def test_a_record_of_another_shard_is_another() -> None:
    elsewhere = [
        StreamRecord(r.data, position(i, shard_id=ShardId("other")), r.arrived_at) for i, r in enumerate(RECORDS, 1)
    ]
    assert not holds(OBJECT, RecordBatch.of(elsewhere))


def test_a_record_that_is_no_event_today_may_have_been_one() -> None:
    assert holds(OBJECT, changed(3, data=b"no event by today's rules"))


def test_an_id_may_be_written_with_escapes() -> None:
    id_ = id_of(RECORDS[3].data)
    escaped = RECORDS[3].data.replace(id_.encode(), f"\\u{ord(id_[0]):04x}{id_[1:]}".encode())
    assert escaped != RECORDS[3].data
    assert holds(OBJECT, changed(3, data=escaped))
