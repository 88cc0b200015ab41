"""Results on their way to a client that reads, reads slowly or does not read."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.types import Message

from tests.builders import encoded
from tests.support.virtual_time import in_virtual_time
from txn_api.problems import NotStored, ValidationFailed
from txn_api.writes.acknowledgement import accepted
from txn_api.writes.fair_memory import FairMemory, Holding
from txn_api.writes.results import (
    REJECTED_ANSWER_BYTES_MAX,
    SENT_AT_ONCE_BYTES_MAX,
    AllResults,
    Results,
    ResultsUnreadError,
    ResultWriter,
)
from txn_core.kinesis.landing import Landing
from txn_core.positions import SequenceNumber, ShardId
from txn_core.transactions.faults import Fault

UNREAD_BYTES_MAX = 4 * SENT_AT_ONCE_BYTES_MAX
UNREAD_S_MAX = 30.0
LINE = b"x" * 1023 + b"\n"
LANDING = Landing(ShardId("shardId-000000000000"), SequenceNumber("1"))


class Reader:
    """A client that takes `pause_s` seconds over each piece."""

    def __init__(self, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s
        self.read = bytearray()

    async def send(self, message: Message) -> None:
        await asyncio.sleep(self._pause_s)
        self.read += message["body"]


def holding_of(memory: FairMemory | None = None) -> Holding:
    """What an upload holds of a memory, of a large one unless told."""
    return Holding(memory or FairMemory(64 << 20), "acme")


@asynccontextmanager
async def writing(
    send: Callable[[Message], Awaitable[None]], holding: Holding | None = None
) -> AsyncIterator[ResultWriter]:
    """A writer at work."""
    writer = ResultWriter(send, holding or holding_of(), unread_bytes_max=UNREAD_BYTES_MAX, unread_s_max=UNREAD_S_MAX)
    sending = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


@in_virtual_time
async def test_a_reader_gets_everything_in_order() -> None:
    """What was written is sent, whole and in order, before the end returns."""
    reader = Reader()
    async with writing(reader.send) as writer:
        for number in range(1000):
            await writer.write(b"%d\n" % number)
        await writer.end()
        assert reader.read == b"".join(b"%d\n" % number for number in range(1000))


@in_virtual_time
async def test_a_slow_reader_slows_the_writer_and_is_not_cut_off() -> None:
    """Each piece read counts: a client that takes 20 seconds over each is slow, not gone."""
    reader = Reader(pause_s=20.0)
    async with writing(reader.send) as writer:
        for _ in range(1000):
            await writer.write(LINE)
            assert len(writer._unread) <= UNREAD_BYTES_MAX + len(LINE)
        await writer.end()
        assert len(reader.read) == 1000 * len(LINE)


@in_virtual_time
async def test_a_reader_that_never_reads_is_given_up() -> None:
    """Memory stays bounded, and after the bound of time the results go nowhere and nobody waits for them."""
    async with writing(Reader(pause_s=1e9).send) as writer:
        with pytest.raises(ResultsUnreadError):
            await _write_for_ever(writer)
        assert asyncio.get_running_loop().time() == pytest.approx(UNREAD_S_MAX)
        assert len(writer._unread) <= UNREAD_BYTES_MAX + len(LINE)
        for _ in range(1000):
            await writer.write(LINE)
        assert len(writer._unread) <= UNREAD_BYTES_MAX + len(LINE)


async def _write_for_ever(writer: ResultWriter) -> None:
    while True:
        await writer.write(LINE)


@in_virtual_time
async def test_the_end_does_not_wait_for_ever() -> None:
    """A client that sent everything and then reads nothing is given up too."""
    async with writing(Reader(pause_s=1e9).send) as writer:
        await writer.write(LINE)
        with pytest.raises(ResultsUnreadError):
            await writer.end()
        assert asyncio.get_running_loop().time() == pytest.approx(UNREAD_S_MAX)


@in_virtual_time
async def test_all_results_are_sent_and_only_refusals_are_kept() -> None:
    """The default keeps what was refused; `results=all` sends both as they come."""
    reader, kept, event = Reader(), Results("req_1", holding_of()), encoded()
    async with writing(reader.send) as writer:
        for results in (kept, AllResults("req_1", writer, holding_of())):
            await results.accepted(1, event, LANDING)
            await results.refused(2, NotStored())
        await writer.end()
    refused = b"".join(kept.pieces())
    assert refused.startswith(b'{"line":2,"problem":{')
    accepted_line, _, rest = reader.read.partition(b"\n")
    assert json.loads(accepted_line) == {"line": 1, **json.loads(accepted(event, LANDING))}
    assert rest == refused


def rejecting(holding: Holding | None = None) -> Results:
    """What keeps rejected lines."""
    return Results("req_1", holding or holding_of())


def worst(number: int) -> ValidationFailed:
    """The longest problem of a line, and one of its own."""
    return ValidationFailed([Fault(f"/customer/first_name/{number}/{place}", "date_format") for place in range(50)])


@in_virtual_time
async def test_equal_problems_are_kept_once_and_answered_each() -> None:
    """Ten thousand lines with the same fifty faults take a few hundred kilobytes until they are answered."""
    holding = holding_of()
    results = rejecting(holding)
    for number in range(1, 1_001):
        await results.refused(number, worst(1))
    assert holding.held < 40_000
    lines = b"".join(results.pieces()).splitlines()
    assert [json.loads(line)["line"] for line in lines] == [*range(1, 1_001)]
    assert all(len(json.loads(line)["problem"]["errors"]) == 50 for line in lines[::100])
    assert max(map(len, results.pieces())) < SENT_AT_ONCE_BYTES_MAX + 10_000


@in_virtual_time
async def test_what_is_said_of_rejected_lines_has_a_bound() -> None:
    """It is full with the line that goes beyond it, of which and of whose successors nothing is dropped."""
    for problem in (worst, lambda _: worst(1)):
        results, number = rejecting(), 0
        while not results.is_full:
            number += 1
            await results.refused(number, problem(number))
        assert REJECTED_ANSWER_BYTES_MAX // 10_000 < number < 10_000
        for behind in range(3):
            await results.refused(number + behind, NotStored())
        assert sum(piece.count(b"\n") for piece in results.pieces()) == number + 3


@in_virtual_time
async def test_ten_thousand_usual_rejected_lines_are_not_too_much() -> None:
    """Nor are they if each has two faults."""
    results = rejecting()
    faults = [Fault("/merchant/name", "merchant_name_blank"), Fault("/occurred_at", "timestamp_offset_required")]
    for number in range(10_000):
        await results.refused(number, ValidationFailed(faults))
    assert not results.is_full


@in_virtual_time
async def test_all_uploads_together_keep_no_more_than_their_share() -> None:
    """Of an account whose uploads hold what they may, the next rejected line ends each; another's goes on."""
    memory = FairMemory(4 << 20)
    held = [Holding(memory, "noisy") for _ in range(100)]
    for place, holding in enumerate(held):
        results, number = rejecting(holding), 0
        while not results.is_full and number < 1_000:
            number += 1
            await results.refused(number, worst(place * 1_000 + number))
    assert memory.held < (2 << 20) + 100 * 12_000
    quiet = rejecting(Holding(memory, "quiet"))
    for number in range(10):
        await quiet.refused(number, worst(number))
    assert not quiet.is_full


@in_virtual_time
async def test_unread_results_of_all_uploads_have_a_bound() -> None:
    """Each waits for its own reader as soon as the account holds what it may; who reads gets everything."""
    memory, readers, ended = FairMemory(1 << 20), [Reader(1.0) for _ in range(40)], 0

    async def answer(reader: Reader) -> None:
        nonlocal ended
        holding = Holding(memory, "acme")
        async with writing(reader.send, holding) as writer:
            for _ in range(200):
                await writer.write(LINE)
                assert memory.held <= (1 << 19) + 40 * len(LINE)
            await writer.end()
        assert holding.held == 0
        ended += 1

    await asyncio.gather(*map(answer, readers))
    assert ended == len(readers)
    assert {len(reader.read) for reader in readers} == {200 * len(LINE)}


@in_virtual_time
async def test_who_reads_nothing_is_given_up_also_when_others_hold_too_much() -> None:
    """Within the bound of an upload."""
    memory = FairMemory(1 << 20)
    Holding(memory, "acme").take((1 << 19) + memory.free_bytes)
    async with writing(Reader(pause_s=1e9).send, Holding(memory, "acme")) as writer:
        with pytest.raises(ResultsUnreadError):
            await _write_for_ever(writer)
        assert asyncio.get_running_loop().time() == pytest.approx(UNREAD_S_MAX)
        assert len(writer._unread) <= memory.free_bytes + len(LINE)
