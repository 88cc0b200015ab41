"""The producer's buffer, without any stream."""

import pytest

from tests.support.fake_kinesis import FakeKinesis
from tests.txn_core.kinesis.builders import keys_of, pending, shard_map
from txn_core.kinesis.lane import Lane, Parcel, Pending, State
from txn_core.kinesis.lanes import Lanes
from txn_core.kinesis.pace import PARCEL_BYTES_MAX, Pace
from txn_core.kinesis.routing import ByKey, ByShard
from txn_core.kinesis.stream_limits import REQUEST_RECORDS_MAX, Limits


class Filler:
    """Makes records and puts them into lanes."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self._made = 0

    def add(self, key: str, *, size: int = 100) -> Pending:
        """Queue a record of so many bytes, later than those before."""
        self._made += 1
        data = b"%d" % self._made
        record = pending(self.lanes.of(key), key=key, data=data.ljust(size - len(key), b"."), deadline=self._made)
        self.lanes.add(record)
        return record


@pytest.fixture
def filler() -> Filler:
    """Lanes by key."""
    return Filler(Lanes(Limits()))


@pytest.fixture
def sharded() -> Filler:
    """Lanes of two shards."""
    lanes = Lanes(Limits())
    lanes.reroute(ByShard(shard_map(2)), 0.0)
    return Filler(lanes)


LOWER, LOWER_TOO = keys_of(FakeKinesis(shard_count=2), 0, 2)
UPPER, UPPER_TOO = keys_of(FakeKinesis(shard_count=2), 1, 2)


def taken(lanes: Lanes, *, suspects_max: int = 1) -> list[list[Pending]]:
    """The records of a request's parcels."""
    return [list(parcel.records) for parcel in lanes.take(shared=True, suspects_max=suspects_max)]


def take_one(lanes: Lanes) -> Parcel:
    """The only parcel of a request."""
    [parcel] = lanes.take(shared=True, suspects_max=1)
    return parcel


def test_a_request_takes_the_first_record_of_each_card(filler: Filler) -> None:
    """Without a map one record a card is taken, in the order in which the lanes became ready."""
    a1, _a2, b1 = filler.add("a"), filler.add("a"), filler.add("b")
    assert taken(filler.lanes) == [[a1], [b1]]
    assert a1.state is State.IN_FLIGHT
    assert not filler.lanes.ready


def test_a_request_takes_what_waits_for_each_shard(sharded: Filler) -> None:
    """With a map all that waits for a shard makes one parcel, cards mixed, in the order in which it came."""
    first, other, second = sharded.add(LOWER), sharded.add(UPPER), sharded.add(LOWER_TOO)
    third = sharded.add(LOWER)
    assert taken(sharded.lanes) == [[first, second, third], [other]]


def test_a_lane_stays_closed_until_it_is_opened(filler: Filler) -> None:
    """What is queued behind a record under way, before or after it was taken, waits for its end."""
    filler.add("a")
    parcel = take_one(filler.lanes)
    a2 = filler.add("a")
    assert taken(filler.lanes) == []
    filler.lanes.open(parcel.lane)
    assert taken(filler.lanes) == [[a2]]


def test_what_is_put_back_goes_before_its_successors(sharded: Filler) -> None:
    """Records that failed keep their places, and their lane stays closed meanwhile."""
    first, second = sharded.add(LOWER), sharded.add(LOWER_TOO)
    parcel = take_one(sharded.lanes)
    third = sharded.add(LOWER)
    sharded.lanes.put_back(parcel)
    assert first.state is State.QUEUED
    assert not sharded.lanes.ready
    sharded.lanes.open(parcel.lane)
    assert taken(sharded.lanes) == [[first, second, third]]


def test_what_was_settled_under_way_is_not_put_back(sharded: Filler) -> None:
    """A record that was given up while its parcel was under way is not sent again."""
    first, second, third = (sharded.add(LOWER) for _ in range(3))
    parcel = take_one(sharded.lanes)
    sharded.lanes.settle(second)
    sharded.lanes.put_back(parcel)
    sharded.lanes.open(parcel.lane)
    assert taken(sharded.lanes) == [[first, third]]


def test_settled_records_are_passed_over(filler: Filler) -> None:
    """What was given up while it waited is neither sent nor kept, and its card's lane is forgotten."""
    a1, a2, b1 = filler.add("a"), filler.add("a"), filler.add("b")
    filler.lanes.settle(a1)
    filler.lanes.settle(b1)
    parcel = take_one(filler.lanes)
    assert parcel.records == (a2,)
    filler.lanes.settle(a2)
    filler.lanes.open(parcel.lane)
    assert not filler.lanes.ready
    assert list(filler.lanes.all()) == []


def test_a_settled_record_within_a_queue_is_passed_over(sharded: Filler) -> None:
    """Whatever the order in which records are given up, none of them is sent."""
    first, second, third = (sharded.add(LOWER) for _ in range(3))
    sharded.lanes.settle(second)
    sharded.lanes.settle(third)
    assert taken(sharded.lanes) == [[first]]


def test_bytes_are_counted_until_they_are_settled(sharded: Filler) -> None:
    """A record counts for its lane and in total while it waits, while it is under way, and after a failure."""
    record = sharded.add(LOWER, size=300)
    for _ in range(2):
        assert (sharded.lanes.bytes_held, record.lane.bytes_held, sharded.lanes.count) == (300, 300, 1)
        parcel = take_one(sharded.lanes)
        assert (sharded.lanes.bytes_held, record.lane.bytes_held, sharded.lanes.count) == (300, 300, 1)
        sharded.lanes.put_back(parcel)
        sharded.lanes.open(parcel.lane)
    sharded.lanes.settle(record)
    assert (sharded.lanes.bytes_held, record.lane.bytes_held, sharded.lanes.count) == (0, 0, 0)
    assert record.data == b""
    assert not sharded.lanes.ready


def test_a_request_holds_no_more_records_than_kinesis_takes(filler: Filler) -> None:
    """The lanes beyond the limit stay ready and come next."""
    names = [f"card{number}" for number in range(REQUEST_RECORDS_MAX + 3)]
    for name in names:
        filler.add(name)
    assert len(filler.lanes.take(shared=True, suspects_max=1)) == REQUEST_RECORDS_MAX
    assert [parcel.lane.name for parcel in filler.lanes.take(shared=True, suspects_max=1)] == names[
        REQUEST_RECORDS_MAX:
    ]


def test_a_request_holds_no_more_bytes_than_kinesis_takes() -> None:
    """A record that does not fit any more keeps its lane's turn."""
    filler = Filler(Lanes(Limits(record_bytes_max=1_000, request_bytes_max=5_000)))
    for name in "abcd":
        filler.add(name, size=1_000)
    e1, e2, f1 = filler.add("e", size=1_001), filler.add("e"), filler.add("f")
    assert [parcel.lane.name for parcel in filler.lanes.take(shared=True, suspects_max=1)] == ["a", "b", "c", "d"]
    assert e1.state is State.QUEUED
    parcels = filler.lanes.take(shared=True, suspects_max=1)
    assert [parcel.records for parcel in parcels] == [(e1,), (f1,)]
    filler.lanes.open(parcels[0].lane)
    assert taken(filler.lanes) == [[e2]]


def test_a_parcel_holds_no_more_than_its_bounds(sharded: Filler) -> None:
    """A parcel ends before the record that would pass the bound; the rest makes the next one."""
    records = [sharded.add(LOWER, size=10_000) for _ in range(60)]
    sizes = []
    while parcels := sharded.lanes.take(shared=True, suspects_max=1):
        [parcel] = parcels
        assert sum(record.size for record in parcel.records) < parcel.size <= PARCEL_BYTES_MAX
        assert list(parcel.records) == records[: len(parcel.records)]
        records = records[len(parcel.records) :]
        sizes.append(len(parcel.records))
        sharded.lanes.open(parcel.lane)
    assert sizes == [22, 22, 16]


@pytest.mark.parametrize("limits", [Limits(record_bytes_max=9_000), Limits(request_bytes_max=9_000)])
def test_a_parcel_keeps_to_what_kinesis_takes(limits: Limits) -> None:
    """However much waits, it is no larger than one record or the request may be."""
    filler = Filler(Lanes(limits))
    filler.lanes.reroute(ByShard(shard_map(1)), 0.0)
    for _ in range(20):
        filler.add("card", size=1_000)
    parcel = take_one(filler.lanes)
    assert len(parcel.records) > 1
    assert parcel.size <= 9_000


def test_a_success_ends_a_row_of_failures() -> None:
    """The pause after the next failure is a short one again."""
    lane = Lane("card")
    for _ in range(5):
        lane.failed(1.0, 0.1, throttled=False, apart=False)
    lane.succeeded(2.0, 0.1)
    assert (lane.failures, lane.failing_since) == (0, None)


def test_a_throttled_shard_takes_small_parcels(sharded: Filler) -> None:
    """The slower the shard, the less travels at once, but one record always does."""
    pace = sharded.lanes.of(LOWER).pace
    assert pace is not None
    for second in range(20):
        pace.throttled(float(second))
    records = [sharded.add(LOWER, size=10_000) for _ in range(10)]
    large = sharded.add(LOWER, size=100_000)
    parcels = []
    while queue := sharded.lanes.take(shared=True, suspects_max=1):
        parcels += [list(parcel.records) for parcel in queue]
        sharded.lanes.open(queue[0].lane)
    assert parcels == [*(records[at : at + 2] for at in range(0, 10, 2)), [large]]


def test_lanes_take_turns(filler: Filler) -> None:
    """An opened lane queues up behind those that became ready before it: a busy card does not starve others."""
    filler.add("a")
    filler.add("a")
    parcel = take_one(filler.lanes)
    b1 = filler.add("b")
    filler.lanes.open(parcel.lane)
    assert [taken.lane.name for taken in filler.lanes.take(shared=True, suspects_max=1)] == ["b", "a"]
    assert b1.state is State.IN_FLIGHT


def test_a_suspect_travels_alone(sharded: Filler) -> None:
    """A troubled shard's parcel shares its request with none, whether it comes first or not."""
    for troubled in (LOWER, UPPER):
        sharded.lanes.of(troubled).suspect = True
        low, high = sharded.add(LOWER), sharded.add(UPPER)
        first, second = taken(sharded.lanes), taken(sharded.lanes)
        assert sorted([first, second], key=lambda request: request == [[high]]) == [[[low]], [[high]]]
        for lane in (low.lane, high.lane):
            lane.suspect = False
            sharded.lanes.open(lane)


def test_suspects_travel_with_suspects_only() -> None:
    """As many as are asked for, whoever stands between them."""
    filler = Filler(Lanes(Limits()))
    records = [filler.add(name) for name in "abcdef"]
    for record in records[::2]:
        record.lane.suspect = True
    a, b, c, d, e, f = records
    assert taken(filler.lanes, suspects_max=2) == [[a], [c]]
    assert taken(filler.lanes, suspects_max=2) == [[b], [d], [f]]
    assert taken(filler.lanes, suspects_max=2) == [[e]]


def test_a_suspect_is_left_out_when_no_request_is_left_for_it(sharded: Filler) -> None:
    """The others go without it."""
    sharded.lanes.of(LOWER).suspect = True
    low, high = sharded.add(LOWER), sharded.add(UPPER)
    assert taken(sharded.lanes, suspects_max=0) == [[high]]
    assert taken(sharded.lanes, suspects_max=0) == []
    assert taken(sharded.lanes) == [[low]]


def test_a_new_map_moves_only_what_its_shards_do_not_own() -> None:
    """A split moves the split shard's records; the other shard keeps its lane, its pace and its pause."""
    kinesis = FakeKinesis(shard_count=2)
    filler = Filler(Lanes(Limits()))
    filler.lanes.reroute(ByShard(shard_map(kinesis=kinesis)), 0.0)
    kept = filler.lanes.of(UPPER)
    split = [filler.add(key) for key in keys_of(kinesis, 0, 6)]
    staying = filler.add(UPPER)
    filler.lanes.close(kept)
    kinesis.split(0)
    filler.lanes.reroute(ByShard(shard_map(kinesis=kinesis)), 1.0)
    assert filler.lanes.of(UPPER) is kept
    assert kept.closed
    assert list(kept.queue) == [staying]
    assert [lane.name for lane in filler.lanes.ready] == [
        record.lane.name for at, record in enumerate(split) if record.lane not in [r.lane for r in split[:at]]
    ]
    for lane in filler.lanes.ready:
        assert list(lane.queue) == [record for record in split if record.lane is lane]
        assert lane.name == filler.lanes.routing.lane_of(lane.queue[0].partition_key)
    assert sum(lane.bytes_held for lane in filler.lanes.all()) == filler.lanes.bytes_held == 700


def test_a_closed_lane_that_is_gone_does_not_hold_its_records_back() -> None:
    """What waited behind a pause of the old shard is free to go to the new ones, in its order."""
    kinesis = FakeKinesis(shard_count=2)
    filler = Filler(Lanes(Limits()))
    filler.lanes.reroute(ByShard(shard_map(kinesis=kinesis)), 0.0)
    low, high, low_too = filler.add(LOWER), filler.add(UPPER), filler.add(LOWER)
    for parcel in filler.lanes.take(shared=True, suspects_max=1):
        filler.lanes.put_back(parcel)
    kinesis.merge(0)
    filler.lanes.reroute(ByShard(shard_map(kinesis=kinesis)), 1.0)
    assert taken(filler.lanes) == [[low, high, low_too]]


def test_records_survive_the_loss_of_the_map(sharded: Filler) -> None:
    """Without a map each card has a lane again, and its records keep their order."""
    low, high, low_too = sharded.add(LOWER), sharded.add(UPPER), sharded.add(LOWER)
    sharded.lanes.reroute(ByKey(), 1.0)
    assert [(lane.name, list(lane.queue)) for lane in sharded.lanes.all()] == [
        (LOWER, [low, low_too]),
        (UPPER, [high]),
    ]


def test_a_shard_id_that_owns_other_keys_now_is_another_shard() -> None:
    """A stream that was deleted and made again has the old ids and other ranges."""
    filler = Filler(Lanes(Limits()))
    filler.lanes.reroute(ByShard(shard_map(2)), 0.0)
    old: Lane = filler.lanes.of(LOWER)
    record = filler.add(UPPER)
    filler.lanes.reroute(ByShard(shard_map(3)), 1.0)
    assert filler.lanes.of(LOWER) is not old
    assert record.lane is filler.lanes.of(UPPER)
    assert taken(filler.lanes) == [[record]]


def test_a_parcel_that_is_under_way_for_long_is_expected_to_stay_so_for_as_long_again() -> None:
    """As is a shard that fails, whose trouble began when the first attempt that failed was sent."""
    lane = Lane(LOWER, Pace(0.0))
    lane.bytes_held = 1_000
    before = lane.wait_s(10.0)
    lane.sent(10.0)
    assert lane.wait_s(14.0) == pytest.approx(before + 4.0)
    lane.failed(15.0, 5.0, throttled=False, apart=False)
    assert lane.wait_s(16.0) >= 6.0
    lane.succeeded(16.0, 0.1)
    assert lane.wait_s(17.0) < 2.0
