"""Letters of whole records with many sub-records are sent again in bounded steps, beside which the loop turns."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator
from unittest.mock import Mock

import pytest

from operations.dead_letters.letter_catalogue import Letter
from operations.dead_letters.replay import Outcome
from operations.dead_letters.replays import History, Past, ReplayLog
from tests.operations.dead_letters.box import Boxes
from tests.operations.dead_letters.test_replay import LANDING, FakeOutlet, only, replay
from tests.workers.builders import event
from txn_core.exceptions import EventError
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.record_batch import StreamRecord
from workers.events.decoding import DecodedEvent, decode


async def test_the_loop_turns_while_the_sub_records_of_a_record_are_decoded(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record may have 100,000 of them: they are decoded in pieces, none of them in the loop's thread."""
    await boxes.undecodable_record(7, *[b"garbage"] * 40)
    letter, threads, turns = await only(boxes), list[int](), 0
    turns_before = dict[int, int]()

    def watched(record: StreamRecord) -> DecodedEvent:
        threads.append(threading.get_ident())
        turns_before[record.position.sub_sequence_number] = turns
        return decode(record)

    async def beat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr("operations.dead_letters.replay.decode", watched)
    monkeypatch.setattr("operations.dead_letters.replay.DECODED_AT_ONCE", 8)
    heart = asyncio.create_task(beat())
    (result,) = await replay(boxes, FakeOutlet()).of_all(letter)
    heart.cancel()
    assert result.why == "40 of 40 sub-records: json_invalid at /"
    assert len(threads) == 40
    assert threading.get_ident() not in threads
    at_pieces = [turns_before[sub] for sub in range(0, 40, 8)]
    assert all(one < other for one, other in itertools.pairwise(at_pieces))


async def test_the_tries_of_a_record_are_listed_once(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of its sub-records were tried; a list that is cut off makes no doubt of a try that has an end."""
    await boxes.undecodable_record(7, *[b"garbage"] * 12)
    letter, log, lists = await only(boxes), ReplayLog(boxes.store), list[str]()
    for part in letter.parts():
        await log.begin(part, 1)
        await log.sent(part, 1, LANDING)
    original = boxes.store.keys

    def counted(prefix: str) -> AsyncIterator[str]:
        lists.append(prefix)
        return original(prefix)

    monkeypatch.setattr(boxes.store, "keys", counted)
    assert await log.history(letter) == History(Past.SENT, 12)
    assert len(lists) == 1
    monkeypatch.setattr("operations.dead_letters.replays.KEYS_MAX", 7)
    assert await log.history(letter) == History(Past.SENT, 3)


async def large(boxes: Boxes, monkeypatch: pytest.MonkeyPatch, events: int) -> Letter:
    """A letter of many sub-records that are events by now, sent two at once."""
    with monkeypatch.context() as patch:
        patch.setattr("workers.events.undecodable.decode", Mock(side_effect=EventError("an older version")))
        await boxes.undecodable_record(7, *[event()] * events)
    monkeypatch.setattr("operations.dead_letters.replay.AT_ONCE", 2)
    return await only(boxes)


async def test_a_large_letter_is_sent_in_calls_that_go_on(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever time is left, a call sends something, and none leaves a doubt."""
    letter, outlet = await large(boxes, monkeypatch, 5), FakeOutlet()
    results = await replay(boxes, outlet).of_all(letter, 0)
    assert [each.outcome for each in results] == [Outcome.SENT, Outcome.SENT, Outcome.NOT_STORED]
    assert (results[-1].is_left, results[-1].why) == (True, "3 of 5 sub-records are left: send the letter again")
    for _ in range(2):
        results = await replay(boxes, outlet).of_all(letter, 0)
    assert not results[-1].is_left
    assert len(outlet.taken) == 5
    assert await ReplayLog(boxes.store).history(letter) == History(Past.SENT, 5)


async def test_a_batch_under_way_ends_though_its_caller_is_cut_off(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter, landing, begun = await large(boxes, monkeypatch, 4), asyncio.Future[Landing](), asyncio.Event()

    class Slow(FakeOutlet):
        def offer(self, key: str, data: bytes) -> "asyncio.Future[Landing] | None":
            self.taken.append((key, data))
            begun.set()
            return landing

    outlet = Slow()
    call = asyncio.create_task(replay(boxes, outlet).of_all(letter))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    landing.set_result(LANDING)
    async with asyncio.timeout(20):
        while await ReplayLog(boxes.store).history(letter) != History(Past.SENT, 2):  # noqa: ASYNC110 - the store has no event
            await asyncio.sleep(0)
    assert len(outlet.taken) == 2
