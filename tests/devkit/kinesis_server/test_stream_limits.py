"""The token buckets: AWS's figures a second, debts, scales, and single shards."""

import pytest
from devkit.kinesis_server.stream_limits import BYTES_IN_PER_S, RECORDS_IN_PER_S, Limits, ShardMeter

NOW = 1_000.0


def _admitted(meter: ShardMeter, count: int, size: int, now: float, scale: float = 1.0) -> int:
    return sum(meter.admit_write(size, now, scale) for _ in range(count))


def test_a_shard_takes_a_thousand_records_a_second() -> None:
    """A second's worth at once, then as many as the time that passed gives back."""
    meter = ShardMeter()
    assert _admitted(meter, 3 * RECORDS_IN_PER_S, 10, NOW) == RECORDS_IN_PER_S
    assert _admitted(meter, RECORDS_IN_PER_S, 10, NOW + 0.25) == RECORDS_IN_PER_S // 4
    assert _admitted(meter, 3 * RECORDS_IN_PER_S, 10, NOW + 60) == RECORDS_IN_PER_S


def test_a_shard_takes_a_megabyte_a_second() -> None:
    """Large records use up the bytes long before the count."""
    assert _admitted(ShardMeter(), 100, BYTES_IN_PER_S // 10, NOW) == 10


def test_a_refused_record_uses_nothing_up() -> None:
    """What does not fit leaves room for a smaller one."""
    meter = ShardMeter()
    assert meter.admit_write(BYTES_IN_PER_S - 100, NOW, 1.0)
    assert _admitted(meter, 5_000, 101, NOW) == 0
    assert meter.admit_write(100, NOW, 1.0)


def test_a_scale_makes_all_limits_smaller_or_larger() -> None:
    """A tenth, or ten times."""
    assert _admitted(ShardMeter(), 5_000, 10, NOW, scale=0.1) == RECORDS_IN_PER_S // 10
    assert _admitted(ShardMeter(), 20_000, 10, NOW, scale=10.0) == 10 * RECORDS_IN_PER_S


def test_scale_zero_takes_nothing_ever() -> None:
    """A shard that is shut."""
    meter = ShardMeter()
    assert _admitted(meter, 10, 1, NOW, scale=0.0) == 0
    assert _admitted(meter, 10, 1, NOW + 3_600, scale=0.0) == 0


def test_a_record_larger_than_a_seconds_worth_passes_a_rested_shard() -> None:
    """It leaves a debt that must be paid off first."""
    meter = ShardMeter()
    assert meter.admit_write(3 * BYTES_IN_PER_S, NOW, 1.0)
    assert not meter.admit_write(1, NOW + 1.9, 1.0)
    assert meter.admit_write(1, NOW + 2.1, 1.0)


def test_a_shard_gives_five_reads_a_second() -> None:
    """The sixth waits for a fifth of a second."""
    meter = ShardMeter()
    assert [meter.admit_read(NOW, 1.0) for _ in range(6)] == [True] * 5 + [False]
    assert meter.admit_read(NOW + 0.2, 1.0)
    assert not meter.admit_read(NOW + 0.2, 1.0)


def test_a_read_of_ten_megabytes_silences_a_shard_for_four_seconds() -> None:
    """2 MB a second: one second was saved up, the rest is debt."""
    meter = ShardMeter()
    assert meter.admit_read(NOW, 1.0)
    meter.charge_read(10 << 20)
    assert not meter.admit_read(NOW + 3.9, 1.0)
    assert meter.admit_read(NOW + 4.1, 1.0)


@pytest.mark.parametrize("enabled", [False, True])
def test_one_shard_may_be_throttled_alone(*, enabled: bool) -> None:
    """Its own scale holds whether limits are in force or not; the others keep theirs."""
    stream_limits = Limits(enabled=enabled)
    stream_limits.throttle("hard", writes=0.01)
    stream_limits.throttle("slow to read", reads=0.5)
    others = 1.0 if enabled else None
    assert (stream_limits.write_scale("hard"), stream_limits.read_scale("hard")) == (0.01, others)
    assert (stream_limits.write_scale("slow to read"), stream_limits.read_scale("slow to read")) == (others, 0.5)
    stream_limits.release("hard")
    assert stream_limits.write_scale("hard") == others
    stream_limits.clear()
    assert stream_limits.read_scale("slow to read") is None
