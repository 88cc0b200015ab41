"""The producer against a scripted stream, in virtual time: the same order of events in every run, and no waiting."""

import asyncio
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from tests.support.fake_kinesis import UNREACHABLE, Fate, Reply, client_error
from tests.support.virtual_time import in_virtual_time, run_in_virtual_time
from tests.txn_core.kinesis.producer_fixture import (
    ALL_THROTTLED,
    BUFFER_BYTES,
    DEADLINE_S,
    LOST,
    ProducerFixture,
    ends,
    quiet,
)
from txn_core.exceptions import BufferFullError, NotStoredError, OutcomeUnknownError
from txn_core.kinesis.admission import BULK_SHARE, LANE_SHARE
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import BACKOFF_MAX_S
from txn_core.kinesis.stream_limits import Limits


@in_virtual_time
async def test_an_idle_producer_sends_at_once() -> None:
    """There is no linger: the landing takes no longer than the call."""
    desk = ProducerFixture.on(Reply(after_s=0.25))
    landing = await desk.producer.put("card", b"one")
    assert asyncio.get_running_loop().time() == pytest.approx(0.25)
    assert landing.sequence_number == desk.kinesis.stored[0].sequence_number


@in_virtual_time
async def test_what_arrives_in_one_turn_of_the_loop_shares_a_call() -> None:
    """Concurrent requests share PutRecords calls, and each has its own record's sequence number."""
    desk = ProducerFixture.on()
    landings = await asyncio.gather(*(desk.producer.put(f"card{n}", b"%d" % n) for n in range(20)))
    assert len(desk.kinesis.calls) == 1
    assert [desk.kinesis.stored[int(landing.sequence_number) - 1].data for landing in landings] == [
        b"%d" % n for n in range(20)
    ]


@in_virtual_time
async def test_a_busy_producer_batches_what_gathers_meanwhile() -> None:
    """With every call under way, records wait and then go together; never more calls than allowed."""
    desk = ProducerFixture.on(for_ever=Reply(after_s=1.0), requests=2)
    futures = []
    for number in range(12):
        futures.append(desk.producer.submit(f"card{number}", b"x"))
        await asyncio.sleep(0.1)
    await asyncio.gather(*futures)
    assert [len(call) for call in desk.kinesis.calls] == [1, 1, 9, 1]
    assert desk.kinesis.in_flight_max == 2


@in_virtual_time
async def test_only_the_failed_records_of_a_call_are_sent_again() -> None:
    """A partial failure retries its own records and no landing is repeated."""
    desk = ProducerFixture.on(Reply(fates=[Fate.LANDS, Fate.THROTTLED, Fate.LANDS]))
    await asyncio.gather(*(desk.producer.put(key, key.encode()) for key in "abc"))
    assert desk.kinesis.calls == [[b"a", b"b", b"c"], [b"b"]]
    assert desk.metric("txn_retries_total") == 1


@in_virtual_time
async def test_a_card_keeps_its_order_through_partial_failures() -> None:
    """While a card's record is retried the next one waits, though others of the same call went on."""
    desk = ProducerFixture.on(
        Reply(fates=[Fate.THROTTLED]), Reply(error=LOST, stores=False), Reply(fates=[Fate.FAILS])
    )
    await asyncio.gather(*(desk.producer.put("card", b"%d" % n) for n in range(5)))
    assert desk.kinesis.data == [b"0", b"1", b"2", b"3", b"4"]


@in_virtual_time
async def test_a_stuck_card_does_not_slow_the_others() -> None:
    """While one card is in doubt for seconds, another lands one after the other, as often as calls are made."""
    desk = ProducerFixture.on(Reply(after_s=5.0), requests=2)
    stuck = desk.producer.submit("stuck", b"s1")
    await asyncio.sleep(0)
    behind = desk.producer.submit("stuck", b"s2")
    for number in range(50):
        await desk.producer.put("quick", b"%d" % number)
    assert asyncio.get_running_loop().time() < 1.0
    assert not stuck.done()
    assert not behind.done()
    await asyncio.gather(stuck, behind)
    assert desk.kinesis.data[-2:] == [b"s1", b"s2"]


@in_virtual_time
async def test_throttling_paces_the_attempts() -> None:
    """A stream that always throttles is asked a bounded number of times, not in a busy loop."""
    desk = ProducerFixture.on(for_ever=ALL_THROTTLED)
    assert await ends(desk.producer.submit("card", b"x")) == [NotStoredError]
    assert asyncio.get_running_loop().time() == pytest.approx(DEADLINE_S)
    assert len(desk.kinesis.calls) < 100
    await quiet()
    desk.assert_idle()


@in_virtual_time
async def test_a_full_buffer_refuses_before_anything_is_buffered() -> None:
    """The refused record is nowhere; when the buffer has drained there is room again."""
    desk = ProducerFixture.on(Reply(after_s=1.0))
    half = int(BUFFER_BYTES * LANE_SHARE)
    full = [desk.producer.submit(key, bytes(half - 1)) for key in "ab"]
    for size in (0, 1, 1000):
        with pytest.raises(BufferFullError) as refused:
            desk.producer.submit("c", bytes(size))
        assert refused.value.retry_after_s == 1
    assert desk.producer.buffered_bytes == BUFFER_BYTES
    assert desk.metric("txn_user_records_refused_total") == 3
    await asyncio.gather(*full)
    await desk.producer.put("c", b"fits")
    assert [len(data) for data in desk.kinesis.data] == [half - 1, half - 1, 4]
    desk.assert_idle()


@in_virtual_time
async def test_each_of_many_ends_in_what_became_of_it() -> None:
    """What is refused spoils no other, and whoever is gone by then is told nothing."""
    desk = ProducerFixture.on(Reply(after_s=1.0))
    loop, half = asyncio.get_running_loop(), bytes(int(BUFFER_BYTES * LANE_SHARE) - 1)
    answers = [loop.create_future() for _ in range(5)]
    answers[4].cancel()
    desk.producer.submit_all(zip(["a", "", "b", "c", "d"], [half, b"", half, b"", b""], answers, strict=True))
    told = await asyncio.gather(*answers[:4], return_exceptions=True)
    assert [type(each) for each in told] == [Landing, NotStoredError, Landing, BufferFullError]
    assert desk.metric("txn_user_records_refused_total") == 2
    desk.assert_idle()


@in_virtual_time
async def test_a_full_lane_leaves_the_rest_to_the_others() -> None:
    """One card cannot fill the buffer, also while its record is under way."""
    desk = ProducerFixture.on(Reply(after_s=1.0))
    first = desk.producer.submit("a", bytes(int(BUFFER_BYTES * LANE_SHARE) - 1))
    await asyncio.sleep(0.5)
    with pytest.raises(BufferFullError):
        desk.producer.submit("a", b"")
    await asyncio.gather(first, desk.producer.submit("b", b""))
    desk.assert_idle()


@in_virtual_time
async def test_a_record_that_kinesis_never_takes_is_refused() -> None:
    """Key and data together may hold a mebibyte, or what the stream is set to."""
    desk = ProducerFixture.on(buffer_bytes=4 << 20)
    with pytest.raises(NotStoredError, match="RecordTooLarge"):
        desk.producer.submit("key", bytes((1 << 20) - 2))
    with pytest.raises(NotStoredError, match="PartitionKeyInvalid"):
        desk.producer.submit("", b"data")
    await desk.producer.put("key", bytes((1 << 20) - 3))
    larger = ProducerFixture.on(buffer_bytes=8 << 20, limits=Limits(record_bytes_max=2 << 20))
    await larger.producer.put("ü", bytes((2 << 20) - 2))
    with pytest.raises(NotStoredError):
        larger.producer.submit("ü", bytes((2 << 20) - 1))
    desk.assert_idle()


@in_virtual_time
async def test_a_deadline_in_the_queue_means_not_stored() -> None:
    """A record that was never sent is certainly not stored, and is not sent later either."""
    desk = ProducerFixture.on(Reply(after_s=9.0), Reply(after_s=9.0), requests=1)
    first = desk.producer.submit("a", b"first")
    await asyncio.sleep(0.5)
    second = desk.producer.submit("b", b"second")
    await asyncio.sleep(0)
    third = desk.producer.submit("b", b"third")
    assert await ends(first, second, third) == [await first, OutcomeUnknownError, NotStoredError]
    assert asyncio.get_running_loop().time() == pytest.approx(10.5)
    await asyncio.sleep(DEADLINE_S)
    assert desk.kinesis.data == [b"first", b"second"]
    desk.assert_idle()


@in_virtual_time
async def test_a_deadline_between_attempts_tells_whether_one_was_in_doubt() -> None:
    """After throttling alone a record is not stored; after one lost answer nobody knows."""
    throttled = ProducerFixture.on(for_ever=ALL_THROTTLED)
    in_doubt = ProducerFixture.on(Reply(error=LOST), for_ever=ALL_THROTTLED)
    unreachable = ProducerFixture.on(for_ever=Reply(error=UNREACHABLE, stores=False))
    futures = [desk.producer.submit("card", b"x") for desk in (throttled, in_doubt, unreachable)]
    assert await ends(*futures) == [NotStoredError, OutcomeUnknownError, NotStoredError]
    assert [desk.kinesis.data for desk in (throttled, in_doubt, unreachable)] == [[], [b"x"], []]


@in_virtual_time
async def test_a_result_tells_the_attempts_before_it() -> None:
    """A landing as well as an error carries what failed on the way, with the time that it took."""
    desk = ProducerFixture.on(Reply(fates=[Fate.THROTTLED], after_s=0.25), Reply(error=LOST, after_s=1.0))
    landing = await desk.producer.put("card", b"x")
    assert [attempt.code for attempt in landing.failures] == [
        "ProvisionedThroughputExceededException",
        "ReadTimeoutError",
    ]
    assert [attempt.took_s for attempt in landing.failures] == pytest.approx([0.25, 1.0])
    refusing = ProducerFixture.on(Reply(fates=[Fate.FAILS]), Reply(fates=[Fate.REFUSED]))
    with pytest.raises(OutcomeUnknownError, match="KMSDisabledException") as refused:
        await refusing.producer.put("card", b"x")
    assert [attempt.code for attempt in refused.value.failures] == ["InternalFailure", "KMSDisabledException"]


@in_virtual_time
async def test_a_lost_answer_is_asked_again() -> None:
    """The record is on the stream twice, which readers expect, and acknowledged once with the later place."""
    desk = ProducerFixture.on(Reply(error=LOST))
    landing = await desk.producer.put("card", b"x")
    assert desk.kinesis.data == [b"x", b"x"]
    assert landing.sequence_number == "2"


@in_virtual_time
async def test_an_answer_that_leaves_a_record_out_acknowledges_none() -> None:
    """A count that does not match says nothing of any record: all are sent again."""
    desk = ProducerFixture.on(Reply(forgets=1))
    await asyncio.gather(*(desk.producer.put(key, key.encode()) for key in "ab"))
    assert sorted(desk.kinesis.data) == [b"a", b"a", b"b", b"b"]


@pytest.mark.parametrize("doubtful_before", [False, True])
def test_a_hopeless_refusal_is_answered_at_once(*, doubtful_before: bool) -> None:
    """No retry helps, so none is made; the answer is honest about an earlier attempt in doubt."""

    async def main() -> None:
        script = [Reply(error=LOST)] if doubtful_before else []
        desk = ProducerFixture.on(*script, Reply(fates=[Fate.REFUSED]))
        futures = [desk.producer.submit("card", data) for data in (b"refused", b"next")]
        expected = OutcomeUnknownError if doubtful_before else NotStoredError
        assert await ends(*futures) == [expected, await futures[1]]
        assert desk.kinesis.data == [*[b"refused"] * doubtful_before, b"next"]
        desk.assert_idle()

    run_in_virtual_time(main())


@in_virtual_time
async def test_a_refused_call_is_answered_at_once() -> None:
    """A stream that does not exist, or may not be written, is not asked for ten seconds."""
    desk = ProducerFixture.on(Reply(error=client_error("ResourceNotFoundException"), stores=False))
    assert await ends(*(desk.producer.submit(key, b"x") for key in "ab")) == [NotStoredError] * 2
    assert asyncio.get_running_loop().time() == 0
    desk.assert_idle()


def test_a_fault_of_our_own_code_leaves_nobody_waiting() -> None:
    """An error that no attempt should end in is reported, counts as doubt, and the record is sent again."""

    async def main() -> None:
        desk = ProducerFixture.on(Reply(error=KeyError("a fault"), stores=False))
        faults: list[BaseException] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, fault: faults.append(fault["exception"]))
        await asyncio.gather(*(desk.producer.put(key, b"x") for key in "ab"))
        assert [type(fault) for fault in faults] == [KeyError]
        desk.assert_idle()

    run_in_virtual_time(main())


@in_virtual_time
async def test_a_call_that_never_ends_holds_its_lanes_no_longer_than_the_deadline() -> None:
    """An answer that trickles in for ever is given up: the card's next record and the slot are free again."""
    desk = ProducerFixture.on(Reply(after_s=1e9), requests=1)
    first = desk.producer.submit("card", b"first")
    await asyncio.sleep(1.0)
    second = desk.producer.submit("card", b"second")
    assert await ends(first, second) == [OutcomeUnknownError, await second]
    assert desk.kinesis.data == [b"second"]
    desk.assert_idle()


@in_virtual_time
async def test_a_waiter_that_goes_away_does_not_take_its_record_along() -> None:
    """Cancelling gives up the answer: the record lands, its bytes are freed, its successors follow in order."""
    desk = ProducerFixture.on(Reply(after_s=1.0))
    waiters = [asyncio.ensure_future(desk.producer.put("card", b"%d" % n)) for n in range(3)]
    await asyncio.sleep(0.5)
    waiters[0].cancel()
    waiters[1].cancel()
    await waiters[2]
    assert desk.kinesis.data == [b"0", b"1", b"2"]
    desk.assert_idle()


@in_virtual_time
async def test_a_landing_that_comes_late_changes_nothing() -> None:
    """Who was told that the outcome is unknown is not told again, and the bytes are not freed twice."""
    desk = ProducerFixture.on(Reply(after_s=3.0), Reply(after_s=9.5), requests=1)
    first = desk.producer.submit("a", b"first")
    await asyncio.sleep(0)
    second = desk.producer.submit("b", b"second")
    assert await ends(first, second) == [await first, OutcomeUnknownError]
    await asyncio.sleep(DEADLINE_S)
    assert desk.kinesis.data == [b"first", b"second"]
    desk.assert_idle()


@in_virtual_time
async def test_room_leaves_a_share_to_single_requests() -> None:
    """A bulk upload waits while its share of the buffer is in use, and goes on when enough has settled."""
    desk = ProducerFixture.on(Reply(after_s=2.0))
    await desk.producer.room("c")
    size = int(BUFFER_BYTES * BULK_SHARE * 0.5)
    big = [desk.producer.submit(key, bytes(size)) for key in "ab"]
    waiting = asyncio.ensure_future(desk.producer.room("c"))
    await asyncio.sleep(1.0)
    assert not waiting.done()
    await asyncio.gather(*big, waiting)
    assert asyncio.get_running_loop().time() == pytest.approx(2.0)


@in_virtual_time
async def test_room_is_a_question_of_the_lane() -> None:
    """While one card's share is in use, an upload goes on with the others."""
    desk = ProducerFixture.on(Reply(after_s=2.0))
    big = desk.producer.submit("a", bytes(int(BUFFER_BYTES * BULK_SHARE * LANE_SHARE)))
    await desk.producer.room("b")
    assert not big.done()
    await desk.producer.room("a")
    assert big.done()


@in_virtual_time
async def test_room_comes_when_what_waited_was_given_up() -> None:
    """Also when nothing lands any more, and whatever pause the lane is in."""
    desk = ProducerFixture.on(for_ever=Reply(error=UNREACHABLE, stores=False))
    big = [desk.producer.submit("a", bytes(100_000)) for _ in range(3)]
    await asyncio.sleep(0.1)
    await desk.producer.room("a")
    assert asyncio.get_running_loop().time() == pytest.approx(DEADLINE_S)
    assert set(await ends(*big)) == {NotStoredError}


@in_virtual_time
async def test_room_ends_when_the_producer_closes() -> None:
    """An upload that waits for room learns of the shutdown by its next record."""
    desk = ProducerFixture.on(Reply(after_s=1.0))
    big = desk.producer.submit("a", bytes((1 << 19) - 1))
    waiting = asyncio.ensure_future(desk.producer.room("a"))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(desk.producer.close(DEADLINE_S))
    await waiting
    assert not big.done()
    await closing
    assert big.done()


@in_virtual_time
async def test_closing_drains() -> None:
    """What was handed over lands, through retries and behind its predecessors; nothing more is taken."""
    desk = ProducerFixture.on(Reply(after_s=1.0, fates=[Fate.THROTTLED]), for_ever=Reply(after_s=0.5))
    futures = [desk.producer.submit(key, key.encode()) for key in "aabc"]
    closing = asyncio.ensure_future(desk.producer.close(25.0))
    await asyncio.sleep(0)
    with pytest.raises(NotStoredError, match="ShuttingDown"):
        desk.producer.submit("d", b"late")
    await closing
    assert all(isinstance(end, Landing) for end in await ends(*futures))
    assert sorted(desk.kinesis.data) == [b"a", b"a", b"b", b"c"]
    desk.assert_idle()


@in_virtual_time
async def test_closing_answers_whoever_still_waits_at_its_deadline() -> None:
    """A record under way is in doubt, one in the queue is not stored, and no call outlives the close."""
    desk = ProducerFixture.on(for_ever=Reply(after_s=9.0))
    futures = [desk.producer.submit("card", data) for data in (b"under way", b"queued")]
    await asyncio.sleep(0)
    await desk.producer.close(2.0)
    assert all(future.done() for future in futures)
    assert await ends(*futures) == [OutcomeUnknownError, NotStoredError]
    desk.assert_settled()
    assert asyncio.get_running_loop().time() == pytest.approx(2.0)
    await asyncio.sleep(DEADLINE_S)
    assert desk.kinesis.data == []
    assert len(desk.kinesis.calls) == 1
    desk.assert_idle()


@in_virtual_time
async def test_closing_an_idle_producer_returns_at_once() -> None:
    """Also when its last record was answered without a landing and its call is still under way."""
    desk = ProducerFixture.on(Reply(after_s=9.5), requests=1)
    await ProducerFixture.on().producer.close(25.0)
    await asyncio.sleep(0.1)
    waiter = desk.producer.submit("card", b"x")
    await ends(waiter)
    before_s = asyncio.get_running_loop().time()
    await desk.producer.close(25.0)
    assert asyncio.get_running_loop().time() - before_s < 1.0
    assert desk.kinesis.in_flight == 0


@in_virtual_time
async def test_a_long_outage_is_answered_at_once() -> None:
    """After the deadline's length without a landing nobody is let wait but one a lane, by which its end shows."""
    desk = ProducerFixture.on(*[Reply(error=UNREACHABLE, stores=False, after_s=0.1)] * 60)
    started: list[asyncio.Future[Landing]] = []
    refused: list[int] = []
    while not (started and started[-1].done() and started[-1].exception() is None):
        try:
            started.append(desk.producer.submit("card", b"%d" % len(started)))
        except BufferFullError as error:
            refused.append(error.retry_after_s)
        await asyncio.sleep(0.5)
    assert len(refused) > 10
    assert all(1 <= retry_after_s <= 30 for retry_after_s in refused)
    outcomes = await ends(*started)
    # Those under way when their deadline comes are in doubt, as they should be.
    assert outcomes.count(NotStoredError) > len(started) / 2
    assert isinstance(outcomes[-1], Landing)
    await desk.producer.put("card", b"after")
    desk.assert_idle()


@in_virtual_time
async def test_settled_records_are_not_kept() -> None:
    """Through an outage much longer than the deadline, what was given up is forgotten and not only freed."""
    desk = ProducerFixture.on(for_ever=Reply(error=LOST, stores=False, after_s=5.0), requests=2)
    futures = []
    for number in range(300):
        with suppress(BufferFullError):
            futures.append(desk.producer.submit(f"card{number % 7}", bytes(1000)))
        await asyncio.sleep(0.5)
        kept = sum(len(lane.queue) for lane in desk.producer._lanes.all()) + len(desk.producer._deadlines._records)
        assert kept <= 2 * (DEADLINE_S + 2 * 5.0 + BACKOFF_MAX_S) / 0.5
    assert set(await ends(*futures)) <= {NotStoredError, OutcomeUnknownError}


@in_virtual_time
async def test_what_was_tried_for_a_lost_record_is_logged_without_the_record() -> None:
    """Of one of those that end together, and once a second at most."""
    desk = ProducerFixture.on(Reply(error=LOST), for_ever=Reply(error=client_error("InternalFailure", 500)))
    with capture_logs() as logs:
        ended = await asyncio.gather(
            *(desk.producer.put("a-card", b"number %d" % n) for n in range(3)), return_exceptions=True
        )
    assert [type(end) for end in ended] == [OutcomeUnknownError, NotStoredError, NotStoredError]
    [told] = [entry for entry in logs if entry["event"] == "records_given_up"]
    assert (told["log_level"], told["reason"]) == ("warning", "DeadlineExceeded")
    assert told["attempts"][0].startswith("ReadTimeoutError after ")
    assert told["attempts"][-1].startswith("InternalFailure after ")
    assert "a-card" not in str(logs)
    assert "number" not in str(logs)
