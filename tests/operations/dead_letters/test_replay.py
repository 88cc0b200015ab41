"""Letters go back onto the stream once, whatever happens in between."""

import asyncio

import pytest

from operations.dead_letters.letter_catalogue import Catalogue, Letter
from operations.dead_letters.replay import Outcome, Replay
from operations.dead_letters.replays import History, Past, ReplayLog
from tests.builders import position
from tests.operations.dead_letters.box import Boxes
from tests.workers.builders import event, later
from txn_core.exceptions import EventError, NotStoredError, OutcomeUnknownError
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import SequenceNumber, ShardId, WriteOrder
from workers.events import undecodable
from workers.events.dead_letters import Seal
from workers.events.reasons import REASONS

LANDING = Landing(ShardId("shardId-000000000001"), SequenceNumber("77"), 2)


class FakeOutlet:
    """Answers every record in the same way and keeps it."""

    def __init__(self, answer: Landing | BaseException = LANDING) -> None:
        self.answer, self.taken = answer, list[tuple[str, bytes]]()
        self.full = 0

    def offer(self, key: str, data: bytes) -> "asyncio.Future[Landing] | None":
        if self.full:
            return None
        self.taken.append((key, data))
        future: asyncio.Future[Landing] = asyncio.get_running_loop().create_future()
        if isinstance(self.answer, BaseException):
            future.set_exception(self.answer)
        else:
            future.set_result(self.answer)
        return future

    async def room(self, key: str) -> None:
        self.full -= 1
        await asyncio.sleep(0)


async def only(boxes: Boxes) -> Letter:
    (letter,) = [letter async for letter in Catalogue(boxes.store).dead_letters(REASONS, None)]
    return letter


def replay(boxes: Boxes, outlet: FakeOutlet | None, *, again: bool = False) -> Replay:
    return Replay(boxes.store, Seal.of(boxes.settings), outlet, again=again)


async def test_a_letter_of_both_workers_is_sent_once_with_the_same_bytes(boxes: Boxes) -> None:
    data = b" " + event()  # not in the canonical form
    await boxes.undecodable(7, data)
    letter, outlet = await only(boxes), FakeOutlet()
    result = await replay(boxes, outlet).of(letter)
    assert (result.outcome, result.landing) == (Outcome.SENT, LANDING)
    ((key, sent),) = outlet.taken
    assert sent == data
    assert key.startswith("card_")
    assert await ReplayLog(boxes.store).history(letter) == History(Past.SENT, 1)


async def test_a_letter_waits_for_room(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    outlet = FakeOutlet()
    outlet.full = 3
    assert (await replay(boxes, outlet).of(await only(boxes))).outcome is Outcome.SENT


async def test_what_was_sent_is_sent_again_only_on_request(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    letter, outlet = await only(boxes), FakeOutlet()
    outcomes = [(await replay(boxes, outlet, again=again).of(letter)).outcome for again in (False, False, True)]
    assert outcomes == [Outcome.SENT, Outcome.REPLAYED, Outcome.SENT]
    assert len(outlet.taken) == 2
    assert await ReplayLog(boxes.store).history(letter) == History(Past.SENT, 2)


async def test_of_two_that_send_at_once_one_does(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    letter, outlet = await only(boxes), FakeOutlet()
    results = await asyncio.gather(*(replay(boxes, outlet).of(letter) for _ in range(4)))
    outcomes = [result.outcome for result in results]
    assert outcomes.count(Outcome.SENT) == 1
    assert set(outcomes) <= {Outcome.SENT, Outcome.IN_DOUBT, Outcome.REPLAYED}
    assert len(outlet.taken) == 1


async def test_a_process_that_ends_while_it_sends_leaves_a_doubt(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    letter = await only(boxes)
    with pytest.raises(KeyboardInterrupt):
        await _interrupted(boxes, letter)
    outlet = FakeOutlet()
    result = await replay(boxes, outlet).of(letter)
    assert (result.outcome, result.why) == (Outcome.IN_DOUBT, "an earlier try may have sent it")
    assert outlet.taken == []
    assert (await replay(boxes, outlet, again=True).of(letter)).outcome is Outcome.SENT


async def _interrupted(boxes: Boxes, letter: Letter) -> None:
    class Interrupted(FakeOutlet):
        def offer(self, key: str, data: bytes) -> "asyncio.Future[Landing] | None":
            raise KeyboardInterrupt

    await replay(boxes, Interrupted()).of(letter)


async def test_an_unknown_outcome_is_a_doubt(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    letter = await only(boxes)
    result = await replay(boxes, FakeOutlet(OutcomeUnknownError("timeout"))).of(letter)
    assert (result.outcome, result.why) == (Outcome.IN_DOUBT, "timeout")
    assert await ReplayLog(boxes.store).history(letter) == History(Past.IN_DOUBT, 1)


async def test_what_the_stream_did_not_take_may_be_sent_without_further_ado(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    letter = await only(boxes)
    result = await replay(boxes, FakeOutlet(NotStoredError("KMSDisabledException"))).of(letter)
    assert (result.outcome, result.why) == (Outcome.NOT_STORED, "KMSDisabledException")
    assert (await replay(boxes, FakeOutlet()).of(letter)).outcome is Outcome.SENT
    assert await ReplayLog(boxes.store).history(letter) == History(Past.SENT, 2)


async def test_without_an_outlet_nothing_is_sent_or_written(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    letter = await only(boxes)
    assert (await replay(boxes, None).of(letter)).outcome is Outcome.SENDABLE
    assert await ReplayLog(boxes.store).history(letter) == History(Past.NEVER, 0)


async def test_what_is_still_no_event_or_conflicts_is_not_sent(boxes: Boxes) -> None:
    await boxes.undecodable(7)
    await boxes.conflict(WriteOrder.of(later(0), position(8)), event())
    outlet = FakeOutlet()
    dead_letters = [letter async for letter in Catalogue(boxes.store).dead_letters(REASONS, None)]
    results = [await replay(boxes, outlet, again=True).of(letter) for letter in dead_letters]
    assert [result.outcome for result in results] == [Outcome.UNDECODABLE, Outcome.CONFLICT]
    assert results[0].why == "json_invalid at /"
    assert outlet.taken == []


async def once_garbage(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """A whole record of which an older version could read nothing, and this one can read two."""
    data = [event(), b"garbage", event(), b"more"]

    def older(_: StreamRecord) -> None:
        raise EventError("an older version")

    with monkeypatch.context() as patch:
        patch.setattr(undecodable, "decode", older)
        await boxes.undecodable_record(7, *data)
    return data


async def test_of_a_whole_record_what_is_an_event_by_now_is_sent_once(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = await once_garbage(boxes, monkeypatch)
    letter, outlet = await only(boxes), FakeOutlet()
    results = await replay(boxes, outlet).of_all(letter)
    assert [(r.outcome, r.letter.position) for r in results] == [
        (Outcome.SENT, position(7, 0)),
        (Outcome.SENT, position(7, 2)),
        (Outcome.UNDECODABLE, position(7)),
    ]
    assert results[-1].why == "2 of 4 sub-records: json_invalid at /"
    assert sorted(sent for _, sent in outlet.taken) == sorted([data[0], data[2]])
    log = ReplayLog(boxes.store)
    assert await log.history(letter) == History(Past.SENT, 2)
    assert [(await log.history(part)).past for part in letter.parts()] == [
        Past.SENT,
        Past.NEVER,
        Past.SENT,
        Past.NEVER,
    ]
    again = await replay(boxes, outlet).of_all(letter)
    assert [result.outcome for result in again] == [Outcome.REPLAYED, Outcome.REPLAYED, Outcome.UNDECODABLE]
    assert len(outlet.taken) == 2


async def test_of_a_whole_record_that_is_still_garbage_nothing_is_sent(boxes: Boxes) -> None:
    await boxes.undecodable_record(7, *[b"garbage"] * 40)
    letter, outlet = await only(boxes), FakeOutlet()
    (result,) = await replay(boxes, outlet).of_all(letter)
    assert (result.outcome, result.why) == (Outcome.UNDECODABLE, "40 of 40 sub-records: json_invalid at /")
    (sealed,) = await Replay(boxes.store, Seal(b"x" * 32), outlet).of_all(letter)
    assert sealed.outcome is Outcome.UNOPENABLE
    assert outlet.taken == []
    assert await ReplayLog(boxes.store).history(letter) == History(Past.NEVER, 0)


async def test_a_letter_of_one_position_is_sent_by_itself(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    (result,) = await replay(boxes, FakeOutlet()).of_all(await only(boxes))
    assert result.outcome is Outcome.SENT


async def test_a_letter_of_another_key_is_not_sent(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    outlet = FakeOutlet()
    result = await Replay(boxes.store, Seal(b"x" * 32), outlet).of(await only(boxes))
    assert (result.outcome, result.why) == (Outcome.UNOPENABLE, "not sealed under this key for this position")
    assert outlet.taken == []


async def test_a_try_whose_begin_was_stored_but_not_answered_is_sent_all_the_same(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store says on the second attempt that the name is taken; it was taken by us."""
    await boxes.undecodable(7, event())
    letter, outlet = await only(boxes), FakeOutlet()
    original, lost = boxes.store.put_if_absent, list[str]()

    async def answer_lost_once(key: str, body: bytes, metadata: dict[str, str]) -> bool:
        stored = await original(key, body, metadata)
        if not lost:
            lost.append(key)
            raise TimeoutError
        return stored

    monkeypatch.setattr(boxes.store, "put_if_absent", answer_lost_once)
    assert (await replay(boxes, outlet).of(letter)).outcome is Outcome.SENT
    assert len(outlet.taken) == 1
    assert lost[0].endswith("0001-begun.json")
