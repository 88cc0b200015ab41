"""The part of a shard's reads and bytes that one reader takes, on a clock of the test's own."""

from dataclasses import dataclass, field

import pytest
from devkit.kinesis_server.stream_limits import ShardMeter

from workers.reading.budget import BYTES_PER_S_MAX, ReadShare
from workers.reading.pace import PART_MIN, THROTTLE_REMEMBERED, ReadPace

READ_BYTES = 2 << 20
SHARE = ReadShare(2.0, BYTES_PER_S_MAX / 2)  # of two drains that poll


@dataclass
class Reader:
    """Reads a shard of which there is always more."""

    pace: ReadPace = field(default_factory=lambda: ReadPace(SHARE, idle_s_max=1.0))
    due_s: float = 0.0
    read_bytes: int = 0
    throttles: int = 0

    def read(self, shard: ShardMeter, now_s: float, size_bytes: int) -> None:
        if not shard.admit_read(now_s, 1.0):
            self.throttles += 1
            self.due_s = now_s + self.pace.after_throttle()
            return
        shard.charge_read(size_bytes)
        self.read_bytes += size_bytes
        self.due_s = now_s + self.pace.after_read(size_bytes)


def read_for(seconds: float, *readers: Reader, size_bytes: int = READ_BYTES) -> None:
    """Let readers read one shard with the limits of AWS, each when it is due."""
    shard = ShardMeter()
    while (following := min(readers, key=lambda reader: reader.due_s)).due_s < seconds:
        following.read(shard, following.due_s, size_bytes)


def test_two_readers_at_the_tip_are_never_throttled() -> None:
    """A shard that takes in all that it may, 1 MB/s, is read by both kinds of workers with nothing to spare."""
    one, two = Reader(), Reader()
    read_for(60.0, one, two, size_bytes=(1 << 20) // 2)
    assert (one.throttles, two.throttles) == (0, 0)
    assert one.read_bytes == pytest.approx(60 << 20, rel=0.05)


def test_two_readers_with_backlogs_share_what_the_shard_gives() -> None:
    one, two = Reader(), Reader(due_s=3.0)
    read_for(300.0, one, two)
    together = one.read_bytes + two.read_bytes
    assert together > 0.8 * 300 * BYTES_PER_S_MAX
    assert 0.3 < one.read_bytes / together < 0.7


def test_a_lone_reader_with_a_backlog_gets_nearly_all() -> None:
    alone = Reader()
    read_for(300.0, alone)
    assert alone.read_bytes > 0.8 * 300 * BYTES_PER_S_MAX
    assert alone.throttles < 150


def test_throttles_slow_down_to_a_bound_and_success_speeds_up_again() -> None:
    pace = ReadPace(SHARE, idle_s_max=1.0)
    assert [pace.after_throttle() for _ in range(50)][-1] == 0.5 / PART_MIN
    assert [pace.after_read(1) for _ in range(50)][-1] == 0.5
    assert pace.bytes_per_s == SHARE.bytes_per_s


def test_without_a_throttle_the_pace_rises_while_it_is_the_brake() -> None:
    """A local stream has no limits, and a backlog there is not to wait for those of another."""
    pace = ReadPace(SHARE, idle_s_max=1.0)
    assert [pace.after_read(READ_BYTES) for _ in range(50)][-1] == 0.5
    at_the_tip = ReadPace(SHARE, idle_s_max=1.0)
    for _ in range(50):
        at_the_tip.after_read(1)
    assert at_the_tip.bytes_per_s == SHARE.bytes_per_s


def test_empty_reads_are_further_and_further_apart() -> None:
    pace = ReadPace(SHARE, idle_s_max=1.0)
    assert [pace.after_nothing() for _ in range(4)] == [0.75, 1.0, 1.0, 1.0]
    pace.after_read(0)
    assert pace.after_nothing() == 0.75


def test_a_reader_says_what_holds_it_up() -> None:
    """Its share of the bytes while it has more to read than that; a throttle for some reads after it."""
    pace = ReadPace(SHARE, idle_s_max=1.0)
    assert pace.limit is None
    pace.after_read(READ_BYTES)
    assert pace.limit == "bytes"
    pace.after_throttle()
    for _ in range(THROTTLE_REMEMBERED):
        assert pace.limit == "throttled"
        pace.after_read(1)
    assert pace.limit is None
    pace.after_read(READ_BYTES)
    pace.after_nothing()
    assert pace.limit is None
