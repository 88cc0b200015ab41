"""The producer with a map of the stream's shards: what travels together, and what troubles whom."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from tests.support.fake_kinesis import UNREACHABLE, FakeKinesis, Fate, Reply, client_error
from tests.support.virtual_time import in_virtual_time
from tests.txn_core.kinesis.builders import keys_of
from tests.txn_core.kinesis.producer_fixture import DEADLINE_S, LOST, ProducerFixture, ends, quiet
from txn_core.exceptions import BufferFullError, NotStoredError, OutcomeUnknownError, StoreError
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.lane import SLOW_S
from txn_core.kinesis.map_keeper import REFRESH_S, REFRESH_S_MIN, STRAYS_MAX
from txn_core.kinesis.producer import REROUTE_S_MAX


def stored_at(kinesis: FakeKinesis, landing: Landing) -> bytes:
    """The data at the place that a landing names."""
    [data] = [
        record.data
        for record in kinesis.stored
        if (record.shard_id, record.sequence_number, record.sub_sequence_number)
        == (landing.shard_id, landing.sequence_number, landing.sub_sequence_number)
    ]
    return data


async def times_of(desk: ProducerFixture, keys: Sequence[str], rounds: int) -> list[float]:
    """How long puts take, one after the other."""
    loop = asyncio.get_running_loop()
    times = []
    for number in range(rounds):
        began_at = loop.time()
        await desk.producer.put(keys[number % len(keys)], b"%d" % number)
        times.append(loop.time() - began_at)
        await asyncio.sleep(0.05)
    return times


@in_virtual_time
async def test_what_waits_for_a_shard_travels_as_one_record() -> None:
    """Each user record has its own place, and that is where its bytes are."""
    desk = await ProducerFixture.by_shards(shards=3)
    landings = await asyncio.gather(*(desk.producer.put(f"card{n}", b"%d" % n) for n in range(100)))
    assert [len(call) for call in desk.kinesis.sent] == [3]
    for number, landing in enumerate(landings):
        assert stored_at(desk.kinesis, landing) == b"%d" % number
    assert len({landing.sequence_number for landing in landings}) == 3
    assert desk.metric("txn_user_records_per_kinesis_record") == pytest.approx(100 / 3)


@in_virtual_time
async def test_one_alone_travels_plain_and_at_once() -> None:
    """There is no linger, and no frame around a single record."""
    desk = await ProducerFixture.by_shards(Reply(after_s=0.25))
    before_s = asyncio.get_running_loop().time()
    await desk.producer.put("card", b"one")
    assert asyncio.get_running_loop().time() - before_s == pytest.approx(0.25)
    [[sent]] = desk.kinesis.sent
    assert (sent.key, sent.hash_key, sent.data) == ("card", None, b"one")


@in_virtual_time
async def test_a_shards_next_record_waits_for_the_one_before() -> None:
    """What gathers meanwhile is the next batch; other shards do not wait."""
    desk = await ProducerFixture.by_shards(Reply(after_s=0.5), shards=2)
    lower, upper = keys_of(desk.kinesis, 0)[0], keys_of(desk.kinesis, 1)[0]
    first = desk.producer.submit(lower, b"1")
    await asyncio.sleep(0.1)
    behind = [desk.producer.submit(lower, data) for data in (b"2", b"3")]
    await desk.producer.put(upper, b"other")
    assert not first.done()
    await asyncio.gather(first, *behind)
    assert desk.kinesis.calls == [[b"1"], [b"other"], [b"2", b"3"]]


@in_virtual_time
async def test_a_failed_parcel_goes_before_what_came_after_it() -> None:
    """The order of a card holds through throttles, lost answers and doubles."""
    desk = await ProducerFixture.by_shards(
        Reply(fates=[Fate.THROTTLED]), Reply(error=LOST), Reply(fates=[Fate.FAILS_YET_STORED]), shards=1
    )
    futures = []
    for number in range(50):
        futures.append(desk.producer.submit(f"card{number % 3}", b"%02d" % number))
        await asyncio.sleep(0.01)
    await asyncio.gather(*futures)
    assert list(dict.fromkeys(desk.kinesis.data)) == [b"%02d" % number for number in range(50)]
    desk.assert_idle()


@in_virtual_time
async def test_a_throttled_shard_backs_off_alone() -> None:
    """The others' latencies are those of the calls, and the throttled shard is asked ever less."""
    desk = await ProducerFixture.by_shards(shards=4, for_ever=Reply(after_s=0.01))
    bad = desk.kinesis.open_shards[0].shard_id
    desk.kinesis.fates[bad] = Fate.THROTTLED
    stuck = [desk.producer.submit(key, b"stuck") for key in keys_of(desk.kinesis, 0, 20)]
    times = await times_of(desk, [keys_of(desk.kinesis, index)[0] for index in (1, 2, 3)], 100)
    assert max(times) == pytest.approx(0.01)
    assert desk.metric("txn_shard_rate_share", shard=bad) < 0.5
    assert desk.metric("txn_shard_apart", shard=bad) == 1
    assert desk.metric("txn_shard_throttles_total", shard=bad) < 50  # jittered: 10 to 25, and 100 without pauses
    desk.kinesis.fates.clear()
    await asyncio.gather(*stuck)
    assert desk.metric("txn_shard_apart", shard=bad) == 0
    desk.assert_idle()


@in_virtual_time
async def test_a_slow_shard_delays_the_others_once() -> None:
    """After the answer that was late for all, the slow shard's records travel in requests of their own."""
    desk = await ProducerFixture.by_shards(shards=3, for_ever=Reply(after_s=0.01))
    slow, quick, quick_too = (keys_of(desk.kinesis, index)[0] for index in range(3))
    desk.kinesis.delays_s[desk.kinesis.open_shards[0].shard_id] = 2 * SLOW_S
    await asyncio.gather(*(desk.producer.put(key, b"together") for key in (slow, quick, quick_too)))
    stuck = [desk.producer.submit(slow, b"slow") for _ in range(3)]
    assert max(await times_of(desk, [quick, quick_too], 50)) == pytest.approx(0.01)
    await asyncio.gather(*stuck)


@in_virtual_time
async def test_troubled_shards_leave_one_request_to_the_others() -> None:
    """However many shards are stuck, the sound ones have a request to go in."""
    desk = await ProducerFixture.by_shards(shards=6, requests=4, for_ever=Reply(after_s=0.01))
    keys = [keys_of(desk.kinesis, index)[0] for index in range(6)]
    for shard in desk.kinesis.open_shards[:5]:
        desk.kinesis.delays_s[shard.shard_id] = 3 * SLOW_S
    await asyncio.gather(*(desk.producer.put(key, b"together") for key in keys))
    await desk.producer.put(keys[5], b"shows that it is sound")
    stuck = [desk.producer.submit(key, b"slow") for key in keys[:5]]
    await asyncio.sleep(0)
    assert max(await times_of(desk, keys[5:], 20)) == pytest.approx(0.01)
    await asyncio.gather(*stuck)
    assert desk.kinesis.in_flight_max == 4


@in_virtual_time
async def test_many_troubled_shards_share_the_requests_that_they_have() -> None:
    """When every answer is slow, going alone would be the worse trouble: a shard's turn would never come."""
    desk = await ProducerFixture.by_shards(shards=64, requests=4, for_ever=Reply(after_s=1.2 * SLOW_S))
    keys = [keys_of(desk.kinesis, index)[0] for index in range(64)]
    await asyncio.gather(*(desk.producer.put(key, b"shows that it is slow") for key in keys))
    for _ in range(5):
        began_at = asyncio.get_running_loop().time()
        await asyncio.gather(*(desk.producer.put(key, b"slow") for key in keys))
        assert asyncio.get_running_loop().time() - began_at < 3 * SLOW_S


@in_virtual_time
async def test_a_lost_answer_does_not_keep_hundreds_of_shards_in_a_queue() -> None:
    """They do not all go alone, one after the other, until their deadlines come."""
    desk = await ProducerFixture.by_shards(Reply(error=LOST, after_s=5.0), shards=400, for_ever=Reply(after_s=0.05))
    futures = [desk.producer.submit(f"card{number}", b"x") for number in range(2_000)]
    assert all(isinstance(end, Landing) for end in await ends(*futures))
    assert asyncio.get_running_loop().time() < 6.0


@in_virtual_time
async def test_a_lost_answer_parts_the_shards_that_shared_it() -> None:
    """Nobody knows whose fault it was: each goes alone, and those that land travel together again."""
    desk = await ProducerFixture.by_shards(Reply(error=LOST, after_s=1.0), shards=3)
    keys = [keys_of(desk.kinesis, index)[0] for index in range(3)]
    await asyncio.gather(*(desk.producer.put(key, key.encode()) for key in keys))
    assert [len(call) for call in desk.kinesis.sent] == [3, 1, 1, 1]
    await asyncio.gather(*(desk.producer.put(key, b"again") for key in keys))
    assert len(desk.kinesis.sent[-1]) == 3


@in_virtual_time
async def test_a_refused_content_costs_the_others_nothing_but_time() -> None:
    """What was sent together with a record that Kinesis does not take lands; that record is given up."""
    refusal = Reply(error=client_error("ValidationException"), stores=False)
    desk = await ProducerFixture.by_shards(refusal, shards=2)
    poison, innocent = keys_of(desk.kinesis, 0)[0], keys_of(desk.kinesis, 1)[0]
    futures = [desk.producer.submit(poison, b"poison"), desk.producer.submit(innocent, b"innocent")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    desk.kinesis.fates[desk.kinesis.open_shards[0].shard_id] = Fate.REFUSED
    first, second = await ends(*futures)
    assert first is NotStoredError
    assert isinstance(second, Landing)
    desk.assert_idle()


@in_virtual_time
async def test_a_hopeless_answer_ends_all_that_it_is_about() -> None:
    """A stream that is gone refuses every parcel, one shard's trouble with its keys that parcel alone."""
    gone = await ProducerFixture.by_shards(Reply(error=client_error("ResourceNotFoundException"), stores=False))
    futures = [gone.producer.submit(f"card{n}", b"x") for n in range(10)]
    assert set(await ends(*futures)) == {NotStoredError}
    refused = await ProducerFixture.by_shards(Reply(fates=[Fate.REFUSED]), shards=2)
    low, high = keys_of(refused.kinesis, 0, 5), keys_of(refused.kinesis, 1, 5)
    assert set(await ends(*(refused.producer.submit(key, b"x") for key in low))) == {NotStoredError}
    assert all(isinstance(end, Landing) for end in await ends(*(refused.producer.submit(k, b"x") for k in high)))
    gone.assert_idle()
    refused.assert_idle()


@in_virtual_time
async def test_an_answer_of_another_length_acknowledges_no_parcel() -> None:
    """All are sent again, since nobody knows which result is whose."""
    desk = await ProducerFixture.by_shards(Reply(forgets=1), shards=2)
    landings = await asyncio.gather(*(desk.producer.put(f"card{n}", b"%d" % n) for n in range(10)))
    assert sorted(desk.kinesis.data) == sorted([b"%d" % n for n in range(10)] * 2)
    assert {attempt.code for landing in landings for attempt in landing.failures} == {"CountMismatch"}


@in_virtual_time
async def test_a_record_given_up_leaves_its_parcel() -> None:
    """When a parcel is tried again after the deadline of its first record, that one is not sent."""
    desk = await ProducerFixture.by_shards(shards=1, for_ever=Reply(after_s=0.01))
    desk.kinesis.fates[desk.kinesis.open_shards[0].shard_id] = Fate.THROTTLED
    early = desk.producer.submit("card", b"early")
    await asyncio.sleep(DEADLINE_S - 1.0)
    late = desk.producer.submit("card", b"late")
    [end] = await ends(early)
    # An attempt that was under way at the deadline leaves doubt, even though it was throttled in the end.
    assert end in {NotStoredError, OutcomeUnknownError}
    await asyncio.sleep(0.02)  # that attempt is throttled as well
    desk.kinesis.fates.clear()
    await late
    assert desk.kinesis.data == [b"late"]


@in_virtual_time
async def test_a_deadline_under_way_moves_nobodys_place() -> None:
    """Those that shared the parcel with a record that was given up are where they were packed."""
    desk = await ProducerFixture.by_shards(
        Reply(fates=[Fate.THROTTLED], after_s=DEADLINE_S - 1.0), Reply(after_s=3.0), shards=1
    )
    first = desk.producer.submit("card", b"first")
    await asyncio.sleep(DEADLINE_S - 2.0)
    others = [desk.producer.submit("card", data) for data in (b"second", b"third")]
    assert await ends(first) == [OutcomeUnknownError]
    landings = await asyncio.gather(*others)
    assert [len(call) for call in desk.kinesis.calls] == [1, 3]
    assert [stored_at(desk.kinesis, landing) for landing in landings] == [b"second", b"third"]


@in_virtual_time
async def test_a_deadline_under_way_is_doubt_for_the_whole_parcel() -> None:
    """What waits behind it was never sent, and is certainly not stored."""
    desk = await ProducerFixture.by_shards(shards=1, for_ever=Reply(after_s=1e6))
    parcel = [desk.producer.submit(f"card{n}", b"x") for n in range(3)]
    await asyncio.sleep(0.5)
    behind = desk.producer.submit("card1", b"behind")
    assert await ends(*parcel) == [OutcomeUnknownError] * 3
    desk.kinesis.fates[desk.kinesis.open_shards[0].shard_id] = Fate.THROTTLED
    assert await ends(behind) in ([NotStoredError], [OutcomeUnknownError])


@in_virtual_time
async def test_a_shard_is_sent_no_faster_than_its_limits() -> None:
    """A second's worth goes at once, the rest at a megabyte a second and a quarter more with every success."""
    desk = await ProducerFixture.by_shards(shards=1, for_ever=Reply(after_s=0.01))
    futures = [desk.producer.submit(f"card{n}", bytes(50_000)) for n in range(60)]
    await asyncio.sleep(0.2)
    assert 1e6 <= sum(len(data) for data in desk.kinesis.data) <= 1.25e6
    await asyncio.gather(*futures)
    assert 0.8 < asyncio.get_running_loop().time() < 2.0
    desk.assert_idle()


@in_virtual_time
async def test_who_could_not_make_the_deadline_is_refused_at_once() -> None:
    """A throttled shard takes what it will carry in time, and no more; the others take theirs."""
    desk = await ProducerFixture.by_shards(shards=2, for_ever=Reply(after_s=0.01))
    bad, good = keys_of(desk.kinesis, 0)[0], keys_of(desk.kinesis, 1)[0]
    desk.kinesis.fates[desk.kinesis.open_shards[0].shard_id] = Fate.THROTTLED
    taken: list[asyncio.Future[Landing]] = []
    with suppress(BufferFullError):
        while len(taken) < 1_000:
            taken.append(desk.producer.submit(bad, bytes(50_000)))
    assert 9e6 < desk.producer.buffered_bytes < 11e6
    await desk.producer.put(good, b"good")
    assert not any(future.done() for future in taken)
    assert set(await ends(*taken)) <= {NotStoredError, OutcomeUnknownError}


@in_virtual_time
async def test_a_reshard_loses_nothing_and_keeps_the_order() -> None:
    """Landings of the old map are successes, counted and never repeated; then the new map serves."""
    desk = await ProducerFixture.by_shards(shards=2, for_ever=Reply(after_s=0.05))
    futures = []
    for number in range(400):
        if number in {100, 200}:
            desk.kinesis.split(0)
        if number == 300:
            desk.kinesis.merge(1)
        futures.append(desk.producer.submit(f"card{number % 7}", b"%03d" % number))
        await asyncio.sleep(0.02)
    landings = await asyncio.gather(*futures)
    assert len(desk.kinesis.data) == 400
    assert [stored_at(desk.kinesis, landing) for landing in landings] == [b"%03d" % n for n in range(400)]
    for card in range(7):
        records = [record.data for record in desk.kinesis.stored if record.key == f"card{card}"]
        assert records == sorted(records)
    assert 0 < desk.metric("txn_user_records_misdirected_total") < 200
    assert desk.metric("txn_shard_map_changes_total") == 4
    await asyncio.sleep(2 * REFRESH_S_MIN)
    landing = await desk.producer.put("card0", b"after")
    assert landing.shard_id == desk.producer._lanes.of("card0").name
    desk.assert_idle()


@in_virtual_time
async def test_a_map_is_read_again_now_and_then() -> None:
    """A reshard is noticed without a single landing."""
    desk = await ProducerFixture.by_shards(shards=1)
    desk.kinesis.split(0)
    await asyncio.sleep(REFRESH_S + 1.0)
    await asyncio.gather(*(desk.producer.put(f"card{n}", b"x") for n in range(20)))
    assert desk.metric("txn_user_records_misdirected_total") == 0
    assert len(desk.kinesis.sent[0]) == 2


@in_virtual_time
async def test_a_new_map_waits_for_what_is_under_way() -> None:
    """A card that changes its lane goes on after its record of the old lane has landed, not beside it."""
    desk = await ProducerFixture.by_shards(Reply(), Reply(after_s=0.5), shards=1, for_ever=Reply(after_s=0.01))
    desk.kinesis.split(0)
    card = keys_of(desk.kinesis, 1)[0]
    await asyncio.gather(*(desk.producer.put(key, b"0") for key in (card, "other")))  # casts doubt on the map
    first = desk.producer.submit(card, b"1")
    await asyncio.sleep(0.1)
    second = desk.producer.submit(card, b"2")
    await asyncio.sleep(0.1)
    assert not first.done()
    assert len(desk.kinesis.calls) == 2
    landings = await asyncio.gather(first, second)
    assert desk.kinesis.data[-2:] == [b"1", b"2"]
    assert landings[1].shard_id == desk.kinesis.open_shards[1].shard_id
    desk.assert_idle()


@in_virtual_time
async def test_a_stuck_request_does_not_hold_a_new_map_up_for_long() -> None:
    """It is cut off: its records are in doubt and go again, ahead of their successors."""
    desk = await ProducerFixture.by_shards(Reply(), Reply(after_s=1e6, stores=False), shards=2)
    desk.kinesis.split(0)
    card, other = keys_of(desk.kinesis, 1)[0], keys_of(desk.kinesis, 2)[0]
    first = desk.producer.submit(keys_of(desk.kinesis, 1)[0], b"1")
    stuck = [desk.producer.submit(key, key.encode()) for key in keys_of(desk.kinesis, 1, 3)]
    await first
    more = [desk.producer.submit(card, b"2")]
    await asyncio.sleep(0.01)
    more.append(desk.producer.submit(card, b"3"))
    began_at = asyncio.get_running_loop().time()
    await desk.producer.put(other, b"other")
    assert asyncio.get_running_loop().time() - began_at < REROUTE_S_MAX + 1.0
    await asyncio.gather(*stuck, *more)
    assert [data for data in desk.kinesis.data if data in {b"1", b"2", b"3"}] == [b"1", b"2", b"3"]
    desk.assert_idle()


@in_virtual_time
async def test_a_new_map_finds_records_that_pause() -> None:
    """What a failure put back before the reshard goes first after it, and old pauses hold nobody."""
    desk = await ProducerFixture.by_shards(Reply(fates=[Fate.THROTTLED]), shards=1)
    futures = [desk.producer.submit("card", b"%d" % n) for n in range(3)]
    desk.kinesis.split(0)
    desk.producer._keeper._doubted.set()
    await asyncio.gather(*futures)
    futures = [desk.producer.submit("card", b"%d" % n) for n in range(3, 6)]
    await asyncio.gather(*futures)
    assert desk.kinesis.data == [b"%d" % n for n in range(6)]
    await quiet()
    desk.assert_idle()


@in_virtual_time
async def test_a_map_that_cannot_be_read_goes_on_serving() -> None:
    """However long listings fail, records land, are counted as misdirected, and none is sent twice."""
    desk = await ProducerFixture.by_shards(shards=1)
    desk.kinesis.split(0)
    desk.kinesis.listing_errors += [UNREACHABLE, client_error("LimitExceededException"), TimeoutError()] * 10
    for number in range(50):
        await desk.producer.put(f"card{number % 5}", b"%d" % number)
        await asyncio.sleep(0.5)
    assert desk.kinesis.data == [b"%d" % number for number in range(50)]
    assert desk.metric("txn_user_records_misdirected_total") == 50
    assert len(desk.kinesis.listing_errors) < 10
    desk.kinesis.listing_errors.clear()
    await asyncio.sleep(2.0)
    await desk.producer.put("card", b"after")
    assert desk.metric("txn_user_records_misdirected_total") == 50


@in_virtual_time
async def test_a_map_is_read_again_after_whatever_went_wrong() -> None:
    """Not only after errors that a call should end in: the map is never stale for good."""
    desk = await ProducerFixture.by_shards(shards=1)
    desk.kinesis.listing_errors += [RuntimeError("the refreshed credentials are still expired"), KeyError("Shards")]
    desk.kinesis.split(0)
    await desk.producer.put("card", b"casts doubt on the map")
    await asyncio.sleep(5 * REFRESH_S_MIN)
    await desk.producer.put("card", b"after")
    assert desk.metric("txn_user_records_misdirected_total") == 1
    await desk.producer.close(1.0)


@in_virtual_time
async def test_a_stream_that_ignores_keys_turns_aggregation_off() -> None:
    """Readers that hold sub-records against their shard would drop them; from then on each travels plain."""
    desk = await ProducerFixture.by_shards(shards=2)
    desk.kinesis.ignores_keys = True
    for number in range(100):
        await asyncio.gather(*(desk.producer.put(f"card{n}", b"%d" % number) for n in range(5)))
        await asyncio.sleep(0.1)
    assert desk.metric("txn_aggregation_on") == 0
    assert {sent.hash_key for sent in desk.kinesis.sent[-1]} == {None}
    assert len(desk.kinesis.data) == 500
    desk.assert_idle()


@in_virtual_time
async def test_a_few_strays_turn_nothing_off() -> None:
    """One record in ten that lands elsewhere is no distribution that ignores keys."""
    desk = await ProducerFixture.by_shards(shards=2)
    for number in range(300):
        desk.kinesis.ignores_keys = number % 10 == 0
        await asyncio.gather(*(desk.producer.put(f"card{n}", b"x") for n in range(5)))
        await asyncio.sleep(0.1)
    assert desk.metric("txn_aggregation_on") == 1
    assert desk.metric("txn_user_records_misdirected_total") > STRAYS_MAX


@in_virtual_time
async def test_a_start_without_a_stream_is_refused() -> None:
    """It says why, as other stores' absence does."""
    desk = ProducerFixture.on()
    desk.kinesis.listing_errors.append(client_error("ResourceNotFoundException"))
    with pytest.raises(StoreError, match="ResourceNotFoundException"):
        await desk.producer.route_by_shards()
    await desk.producer.put("card", b"x")
    await desk.producer.close(1.0)


@in_virtual_time
async def test_a_start_in_the_middle_of_a_reshard_waits_for_its_end() -> None:
    """A listing that does not add up is made again, a few times."""
    desk = ProducerFixture.on(shards=2)
    missing = desk.kinesis.shards.pop()
    asyncio.get_running_loop().call_later(2.5, desk.kinesis.shards.append, missing)
    await desk.producer.route_by_shards()
    assert asyncio.get_running_loop().time() == pytest.approx(3.0)
    await desk.producer.close(1.0)
    never = ProducerFixture.on(shards=2)
    never.kinesis.shards.pop()
    with pytest.raises(StoreError, match="every hash key once"):
        await never.producer.route_by_shards()


@in_virtual_time
async def test_closing_drains_every_shard() -> None:
    """Throttled and paced ones included; then nothing of the producer goes on."""
    desk = await ProducerFixture.by_shards(Reply(fates=[Fate.THROTTLED]), shards=3, for_ever=Reply(after_s=0.1))
    futures = [desk.producer.submit(f"card{n}", bytes(30_000)) for n in range(100)]
    await asyncio.sleep(0)
    await desk.producer.close(25.0)
    assert all(future.done() for future in futures)
    assert all(isinstance(end, Landing) for end in await ends(*futures))
    desk.assert_idle()
    listings = desk.kinesis.listings
    await asyncio.sleep(3 * REFRESH_S)
    assert desk.kinesis.listings == listings


@in_virtual_time
async def test_closing_in_the_middle_of_a_reroute_answers_all() -> None:
    """Who waits for a request that never ends is in doubt; who waits behind it is not stored."""
    desk = await ProducerFixture.by_shards(Reply(), shards=1, for_ever=Reply(after_s=1e6))
    desk.kinesis.split(0)
    await desk.producer.put(keys_of(desk.kinesis, 1)[0], b"0")
    first = desk.producer.submit("card", b"1")
    await asyncio.sleep(0.01)
    second = desk.producer.submit("card", b"2")
    await desk.producer.close(0.5)
    assert await ends(first, second) == [OutcomeUnknownError, NotStoredError]
    desk.assert_settled()


@in_virtual_time
async def test_an_outage_of_hours_ends_when_the_stream_is_back() -> None:
    """However many attempts failed in a row, the next one comes within the longest pause."""
    desk = await ProducerFixture.by_shards(shards=2)
    for shard in desk.kinesis.open_shards:
        desk.kinesis.fates[shard.shard_id] = Fate.THROTTLED
    for number in range(2 * 3_600):
        with suppress(BufferFullError):
            desk.producer.submit(f"card{number % 9}", b"lost").cancel()
        await asyncio.sleep(1.0)
    desk.kinesis.fates.clear()
    await asyncio.sleep(DEADLINE_S)
    for index in range(2):  # one a lane shows that it is over
        await desk.producer.put(keys_of(desk.kinesis, index)[0], b"first")
    await asyncio.gather(*(desk.producer.put(f"card{number}", b"after") for number in range(9)))
    desk.assert_idle()


@in_virtual_time
async def test_a_deadline_between_packing_and_sending_sends_no_empty_record() -> None:
    """A record that expires in the turn of the loop in which its parcel is taken is in doubt, and sent whole."""
    desk = await ProducerFixture.by_shards(shards=1)
    records = [desk.producer.submit("card", data) for data in (b"first", b"second")]
    await asyncio.sleep(0)
    assert desk.kinesis.sent == []
    desk.producer._give_up(desk.producer._deadlines.unsettled(), "DeadlineExceeded")
    assert await ends(*records) == [OutcomeUnknownError] * 2
    await quiet()
    assert desk.kinesis.data == [b"first", b"second"]
    desk.assert_idle()
