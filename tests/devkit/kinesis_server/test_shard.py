"""A shard: order, places, bounds of a read, and what it remembers of what it let go."""

from devkit.kinesis_server.state.shard import HashRange, Keep, Shard
from devkit.kinesis_server.tally import digest_of

from tests.devkit.kinesis_server.builders import NOON, new_record

NOW_MS = int(NOON * 1000)
WHOLE = HashRange(0, 99)


def _shard(keep: Keep | None = None, records: int = 0) -> Shard:
    shard = Shard(0, WHOLE, NOW_MS, int(NOON), keep=keep or Keep())
    for number in range(records):
        shard.append(new_record(b"%d" % number), NOW_MS + number)
    return shard


def test_arrival_never_goes_back() -> None:
    """Whatever the clock does, later records arrived no earlier."""
    shard = _shard()
    arrived = [shard.append(new_record(), NOW_MS + step).arrived_ms for step in (5, 3, -100, 7)]
    assert arrived == [NOW_MS + 5, NOW_MS + 5, NOW_MS + 5, NOW_MS + 7]


def test_a_read_is_bounded_by_records_and_bytes_but_gives_at_least_one() -> None:
    """A record that is larger than the bound is given alone."""
    shard = _shard()
    for size in (10, 10, 500, 10):
        shard.append(new_record(b"x" * size, key="k"), NOW_MS)
    assert [len(record.data) for record in shard.read(0, 3, 10_000)] == [10, 10, 500]
    assert [len(record.data) for record in shard.read(0, 10, 100)] == [10, 10]
    assert [len(record.data) for record in shard.read(2, 10, 100)] == [500]
    assert shard.read(4, 10, 100) == []


def test_places_of_numbers() -> None:
    """Start and end stand for the places before the first and behind the last record."""
    shard = _shard(records=3)
    second = shard.records[1].sequence_number
    assert (shard.place_of(second), shard.place_after(second)) == (1, 2)
    starting = shard.sequence_range["StartingSequenceNumber"]
    assert (shard.place_of(starting), shard.place_after(starting)) == (0, 0)
    assert "EndingSequenceNumber" not in shard.sequence_range
    shard.close(NOW_MS + 10)
    ending = shard.sequence_range["EndingSequenceNumber"]
    assert int(ending) > int(shard.records[-1].sequence_number)
    assert shard.place_after(ending) == 3


def test_a_number_that_was_not_given_out_has_no_place() -> None:
    """Not one of another shard, nor one that comes later."""
    shard, other = _shard(records=1), _shard(records=2)
    assert shard.place_of(other.records[1].sequence_number) is None
    assert shard.place_of("1") is None


def test_places_by_time() -> None:
    """The first record of an instant or later."""
    shard = _shard(records=5)
    assert [shard.place_at(NOW_MS + step) for step in (-1, 0, 2, 4, 5)] == [0, 0, 2, 4, 5]


def test_a_long_run_keeps_the_last_records_and_all_counts() -> None:
    """Memory is bounded; places and sums go on as if nothing had been dropped."""
    shard, whole = _shard(Keep(records_max=10, digests=True), 1_000), _shard(Keep(digests=True), 1_000)
    assert 10 <= len(shard.records) <= 20
    assert shard.stored == whole.stored
    assert shard.end == 1_000
    assert shard.read(0, 1, 100) == shard.read(shard.horizon, 1, 100)
    assert shard.read(995, 10, 10_000)[0].data == b"995"
    assert shard.place_of(shard.records[0].sequence_number) == shard.horizon


def test_counts_alone_may_be_kept() -> None:
    """With no records held there is nothing to read, and everything is counted."""
    shard = _shard(Keep(records_max=0), 50)
    assert shard.records == []
    assert (shard.stored.records, shard.horizon, shard.end) == (50, 50, 50)


def test_digests_compare_what_was_sent_and_what_is_there_in_any_order() -> None:
    """A loss, a double and a change each show."""
    shard = _shard(Keep(digests=True), 3)
    sent = [digest_of("key", b"%d" % number) for number in (2, 0, 1)]
    assert shard.stored.digest == sum(sent) % (1 << 128)
    assert shard.stored.digest != sum(sent[:2]) % (1 << 128)
    assert shard.stored.digest != sum([*sent, sent[0]]) % (1 << 128)
    assert digest_of("a", b"bc") != digest_of("ab", b"c")


def test_what_is_acknowledged_is_counted_apart() -> None:
    """Stored and acknowledged are two sums."""
    shard = _shard(Keep(digests=True), 3)
    shard.acknowledge(shard.records[1])
    assert [record.acknowledged for record in shard.records] == [False, True, False]
    assert (shard.stored.records, shard.acknowledged.records) == (3, 1)
    assert shard.acknowledged.digest == digest_of("key", b"1")
