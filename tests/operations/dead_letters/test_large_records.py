"""Letters of whole records with many sub-records are sent again in bounded steps, beside which the loop turns."""

import asyncio
import itertools
import threading

import pytest

from tests.operations.dead_letters.box import Boxes
from tests.operations.dead_letters.test_replay import FakeOutlet, only, replay
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
