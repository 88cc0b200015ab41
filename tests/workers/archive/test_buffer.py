"""When a flush is due, and what it takes."""

from datetime import timedelta
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ARRIVED_AT, SHARD, position
from tests.workers.builders import records
from txn_core.kinesis.record_batch import RecordBatch, RecordRun
from txn_core.positions import SequenceNumber
from workers.archive.buffer import RECORD_BYTES, Buffer, BufferTotal, FlushLimits

LIMITS = FlushLimits(rows=3, bytes=10, age_s=5.0)


def filled(*sizes: int, total: BufferTotal | None = None, now_s: float = 100.0) -> Buffer:
    """A buffer with records of these sizes, at sequence numbers from 1 on."""
    buffer = Buffer(LIMITS, total or BufferTotal())
    buffer.add(records(*(b"x" * size for size in sizes)), now_s)
    return buffer


def test_nothing_is_due_of_nothing() -> None:
    assert filled().due(1e9) is None


def test_rows_bytes_and_age_make_a_flush_due() -> None:
    assert filled(1, 1).due(100.0) is None
    assert filled(1, 1, 1).due(100.0) == "rows"
    assert filled(5, 5).due(100.0) == "bytes"
    assert filled(1).due(105.0) == "age"


def test_a_full_process_makes_any_flush_due() -> None:
    total = BufferTotal(bytes_max=2 * RECORD_BYTES)
    one = filled(1, total=total)
    assert one.due(100.0) is None
    other = filled(1, total=total)
    assert one.due(100.0) == other.due(100.0) == "memory"
    other.clear()
    assert one.due(100.0) is None


def test_a_flush_takes_what_fits_and_one_record_at_least() -> None:
    assert len(filled(1, 1, 1, 1).head()) == 3
    assert len(filled(6, 4, 1).head()) == 2
    assert len(filled(11, 1).head()) == 1


def test_what_stays_after_a_flush_counts_its_age_from_the_latest_read() -> None:
    """Else a busy shard, whose buffer is never empty, would flush small objects for ever."""
    buffer = filled(1, 1, 1, now_s=100.0)
    buffer.add(records(b"x", start=4), 104.0)
    buffer.drop_to(position(3))
    assert buffer.due(105.0) is None
    assert buffer.due(109.0) == "age"


@given(st.lists(st.integers(0, 12), max_size=30))
def test_flush_after_flush_gives_every_record_once_and_frees_all_memory(sizes: list[int]) -> None:
    total = BufferTotal(bytes_max=0)
    buffer = filled(*sizes, total=total)
    taken: list[int] = []
    while head := buffer.head():
        assert len(head) <= LIMITS.rows
        assert len(head) == 1 or sum(len(r.data) for r in head) <= LIMITS.bytes
        taken += [int(r.position.sequence_number) for r in head]
        buffer.drop_to(head[-1].position)
    assert taken == list(range(1, len(sizes) + 1))
    assert not total.exceeded


def test_no_flush_spans_more_than_an_hour_of_arrivals() -> None:
    """The rest goes into the next."""
    buffer = Buffer(FlushLimits(rows=10, bytes=1 << 20, age_s=60.0), BufferTotal())
    early, late = records(b"a", b"b"), records(b"c", start=3, at=ARRIVED_AT + timedelta(hours=1))
    buffer.add([*early, *late], 0.0)
    assert buffer.head() == early
    buffer.drop_to(early[-1].position)
    assert buffer.head() == late


@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=5), max_size=8))
def test_a_flush_ends_within_an_aggregate_where_it_must(aggregates: list[list[int]]) -> None:
    total = BufferTotal(bytes_max=0)
    buffer = Buffer(LIMITS, total)
    for number, sizes in enumerate(aggregates):
        data, ends = b"x" * sum(sizes), list(accumulate(sizes))
        run = RecordRun(SHARD, SequenceNumber(str(number)), 0, ARRIVED_AT, data, [0, *ends[:-1]], ends)
        buffer.add(RecordBatch([run]), 100.0)
    taken: list[tuple[int, int]] = []
    while head := buffer.head():
        assert len(head) <= LIMITS.rows
        assert len(head) == 1 or sum(len(r.data) for r in head) <= LIMITS.bytes
        assert buffer.between(head[0].position, head[-1].position) == buffer.up_to(head[-1].position) == head
        taken += [r.position.within_shard() for r in head]
        buffer.drop_to(head[-1].position)
    assert taken == [(number, sub) for number, sizes in enumerate(aggregates) for sub in range(len(sizes))]
    assert not total.exceeded
