"""An upload against a scripted stream, in virtual time."""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from backports import zstd
from starlette.types import Message

from tests.builders import card_number, encoded
from tests.support.fake_kinesis import FakeKinesis, Fate, Reply
from tests.support.virtual_time import in_virtual_time, run_in_virtual_time
from tests.txn_api.asgi import until
from txn_api.access.rate_limits import Bucket
from txn_api.problems import ApiKeyInvalid, MalformedJson, Problem, ValidationFailed
from txn_api.writes.acknowledgement import accepted
from txn_api.writes.bulk_upload import (
    BYTES_A_ROW,
    BYTES_PER_S_MIN,
    DECOMPRESSION_S_MAX,
    IN_FLIGHT_LINE_BYTES,
    LINES_A_ROW,
    LINES_IN_FLIGHT_MIN,
    REJECTS_MAX,
    Rights,
    Upload,
)
from txn_api.writes.encodings import STEP_BYTES_MAX, Decoder, Encoding
from txn_api.writes.fair_memory import FairMemory, Holding, Memories
from txn_api.writes.results import Results
from txn_api.writes.turns import TURN_S, Turn, Turns
from txn_core.exceptions import NotStoredError
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import Producer
from txn_core.positions import SequenceNumber, ShardId
from txn_core.transactions.event import EncodedEvent
from txn_core.transactions.faults import Fault

DEADLINE_S = 10.0
BODY_DEADLINE_S = 30.0
UPLOADS = 10  # with one key
STALL = None  # a piece that never comes
CARDS = [card_number(number) for number in range(4)]


class Reporter(Results):
    """Remembers each line's result, and when it came."""

    everything = True

    def __init__(self) -> None:
        super().__init__("req_1", Holding(Memories().rejected, "acme"))
        self.results: dict[int, str] = {}
        self.at_s: dict[int, float] = {}

    async def accepted(self, number: int, event: EncodedEvent, landing: Landing) -> None:
        self._note(number, json.loads(accepted(event, landing))["status"])

    async def refused(self, number: int, problem: Problem) -> None:
        self._note(number, problem.code)

    def _note(self, number: int, result: str) -> None:
        assert number not in self.results, "a line was answered twice"
        self.results[number] = result
        self.at_s[number] = asyncio.get_running_loop().time()


class Sender:
    """A client that sends pieces, each after a pause; `STALL` is silence for ever, no more pieces is a hang-up."""

    def __init__(self, *pieces: bytes | None, pause_s: float = 0.0, ends: bool = True) -> None:
        self._pieces = list(pieces)
        self._pause_s, self._ends = pause_s, ends
        self.asked = 0

    async def receive(self) -> Message:
        self.asked += 1
        await asyncio.sleep(self._pause_s)
        if not self._pieces:
            return {"type": "http.request" if self._ends else "http.disconnect", "body": b"", "more_body": False}
        piece = self._pieces.pop(0)
        if piece is STALL:
            await asyncio.get_running_loop().create_future()
        return {"type": "http.request", "body": piece, "more_body": True}

    @property
    def left(self) -> int:
        """Pieces that nobody asked for."""
        return len(self._pieces)


def admit(line: bytes) -> EncodedEvent:
    """Refuse what begins with a dash; any other line is a transaction of the card that its first letter names."""
    if line.startswith(b"-"):
        raise MalformedJson
    return encoded(card_number=CARDS[line[0] % len(CARDS)])


def untimed_turns() -> Turns:
    """Turns whose rows end by their lines alone, however busy this machine is."""
    return Turns(lambda: 0.0, lambda: 0.0)


def upload(
    sender: Sender,
    kinesis: FakeKinesis,
    *,
    admit: Callable[[bytes], EncodedEvent] = admit,
    window: int = 100,
    buffer_bytes: int = 1 << 20,
    encoding: Encoding = "identity",
    stopping: "asyncio.Future[None] | None" = None,
    rate: Bucket | None = None,
    line_bytes: int = 100,
    content_bytes: int = 1 << 20,
    turns: Turns | None = None,
    memories: Memories | None = None,
    rights: Rights | None = None,
) -> Upload:
    """An upload of what a client sends."""
    memories = memories or Memories()
    return Upload(
        admitting=lambda: admit,
        producer=Producer(
            kinesis.client,
            "stream",
            buffer_bytes_max=buffer_bytes,
            requests_in_flight_max=4,
            deadline_s=DEADLINE_S,
        ),
        receive=sender.receive,
        decoder=Decoder(encoding, content_bytes_max=content_bytes),
        stopping=stopping or asyncio.get_running_loop().create_future(),
        line_bytes_max=line_bytes,
        lines_in_flight_max=window,
        body_deadline_s=BODY_DEADLINE_S,
        turn=partial((turns or untimed_turns()).turn, "acme"),
        in_flight=Holding(memories.in_flight, "acme"),
        decompression=Holding(memories.decompression, "acme"),
        rate=rate,
        rights=rights,
    )


def totals(sent: Upload) -> dict[str, Any]:
    """The last line of the answer, which always adds up."""
    line: dict[str, Any] = json.loads(sent.totals.line(sent.receipt_id))
    assert line["read"] == line["accepted"] + line["rejected"] + line["unknown"]
    return line


@in_virtual_time
async def test_each_line_has_its_own_outcome() -> None:
    """A bad line, an overlong one and one that the stream refuses spoil none of their neighbours."""
    kinesis, reporter = FakeKinesis([Reply(fates=[Fate.REFUSED])]), Reporter()
    sender = Sender(b"a\n-bad\n\nb\r\n", b"x" * 101 + b"\n", b"c")
    sent = upload(sender, kinesis)
    await sent.run(reporter)
    assert reporter.results == {
        1: "not_stored",
        2: "malformed_json",
        4: "accepted",
        5: "body_too_large",
        6: "accepted",
    }
    assert totals(sent) | {"receipt_id": ""} == {
        "receipt_id": "",
        "read": 5,
        "accepted": 2,
        "rejected": 3,
        "unknown": 0,
        "ended": "complete",
    }


@in_virtual_time
async def test_an_accepted_line_is_on_the_stream() -> None:
    """No line is counted as accepted before its landing."""
    kinesis, reporter = FakeKinesis([Reply(after_s=3.0)]), Reporter()
    await upload(Sender(b"a\n"), kinesis).run(reporter)
    assert reporter.at_s == {1: 3.0}
    assert len(kinesis.stored) == 1


@in_virtual_time
async def test_a_line_in_doubt_is_counted_as_unknown() -> None:
    """Its client sends it again; it is neither accepted nor refused."""
    kinesis, reporter = FakeKinesis([Reply(after_s=60.0)]), Reporter()
    sent = upload(Sender(b"a\n"), kinesis)
    await sent.run(reporter)
    assert reporter.results == {1: "outcome_unknown"}
    assert totals(sent)["unknown"] == 1


@in_virtual_time
async def test_results_come_while_the_client_pauses() -> None:
    """A client may wait for a line's result before it sends the next one."""
    reporter = Reporter()
    await upload(Sender(b"a\n", b"b\n", pause_s=20.0), FakeKinesis([Reply(after_s=1.0)])).run(reporter)
    assert reporter.at_s == {1: 21.0, 2: 40.0}


@in_virtual_time
async def test_a_client_that_goes_away_takes_no_line_along() -> None:
    """Lines handed over settle, the unfinished one is dropped, and no further piece is asked for."""
    kinesis, reporter = FakeKinesis([Reply(after_s=2.0)]), Reporter()
    sender = Sender(b"a\nb\nunfini", ends=False)
    sent = upload(sender, kinesis)
    await sent.run(reporter)
    assert totals(sent)["ended"] == "broken_off"
    assert reporter.results == {1: "accepted", 2: "accepted"}
    assert len(kinesis.stored) == 2
    assert sender.asked == 2


@in_virtual_time
async def test_a_client_that_stalls_gets_its_totals() -> None:
    """What was read has its outcome: a 4xx would deny lines that are stored."""
    kinesis, reporter = FakeKinesis(), Reporter()
    sent = upload(Sender(b"a\nb\nunfini", STALL), kinesis)
    await sent.run(reporter)
    assert asyncio.get_running_loop().time() == pytest.approx(BODY_DEADLINE_S)
    assert reporter.results == {1: "accepted", 2: "accepted"}
    assert totals(sent)["ended"] == "body_timeout"


@in_virtual_time
async def test_a_client_that_trickles_gets_its_totals() -> None:
    """A byte in each deadline holds no place for ever: a minute of waiting is all that it gets."""
    reporter = Reporter()
    sender = Sender(b"a\nb\n", *[b"x"] * 100, pause_s=BODY_DEADLINE_S - 1)
    sent = upload(sender, FakeKinesis())
    await sent.run(reporter)
    assert asyncio.get_running_loop().time() == pytest.approx(2 * BODY_DEADLINE_S, abs=0.1)
    assert reporter.results == {1: "accepted", 2: "accepted"}
    assert totals(sent)["ended"] == "body_timeout"


@in_virtual_time
async def test_a_client_that_was_quick_at_first_is_waited_for_no_longer() -> None:
    """What came once is no credit for hours."""
    minutes = (b"a" * 99 + b"\n") * 2_000
    sent = upload(Sender(minutes, *[b"x"] * 100, pause_s=BODY_DEADLINE_S - 1), FakeKinesis())
    await sent.run(Reporter())
    assert asyncio.get_running_loop().time() < 4 * BODY_DEADLINE_S
    assert totals(sent)["ended"] == "body_timeout"


@in_virtual_time
async def test_a_slow_upload_is_read_to_its_end() -> None:
    """Above the least rate it may take its time, with pauses up to the deadline of a piece."""
    line = b"a" * 99 + b"\n"
    pause_s = BODY_DEADLINE_S - 1
    lines = int(BYTES_PER_S_MIN * pause_s / len(line)) + 1
    sent = upload(Sender(*[line * lines] * 20, pause_s=pause_s), FakeKinesis())
    await sent.run(Reporter())
    assert asyncio.get_running_loop().time() > 20 * pause_s
    assert totals(sent) | {"receipt_id": ""} == {
        "receipt_id": "",
        "read": 20 * lines,
        "accepted": 20 * lines,
        "rejected": 0,
        "unknown": 0,
        "ended": "complete",
    }


@in_virtual_time
async def test_an_upload_that_we_hold_up_is_not_slow() -> None:
    """Neither the stream's time, nor the limiter's, nor the time in which a sender waits for a result."""
    loop = asyncio.get_running_loop()
    per_line_s = Reply(after_s=5.0)

    def virtual_ns() -> int:
        return int(loop.time() * 1_000_000_000)

    full = upload(Sender(*[b"a\n"] * 50), FakeKinesis([per_line_s] * 50), window=1)
    limited = upload(Sender(*[b"a\n"] * 200), FakeKinesis(), rate=Bucket(1, virtual_ns))
    duplex = upload(Sender(*[b"a\n"] * 50, pause_s=4.9), FakeKinesis([per_line_s] * 50))
    for sent in (full, limited, duplex):
        began = loop.time()
        await sent.run(Reporter())
        assert loop.time() - began > 3 * BODY_DEADLINE_S
        assert totals(sent)["ended"] == "complete"


@in_virtual_time
async def test_a_shutdown_ends_an_upload_where_it_is() -> None:
    """The lines read are answered and the rest is left to the client, whether it pauses or not."""
    for pause_s in (0.001, 5.0):
        stopping: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(12.0, stopping.set_result, None)
        reporter, sender = Reporter(), Sender(*[b"a\n"] * 20_000, pause_s=pause_s)
        sent = upload(sender, FakeKinesis(), stopping=stopping)
        await sent.run(reporter)
        line = totals(sent)
        assert line["ended"] == "shutting_down"
        assert line["read"] == line["accepted"] == len(reporter.results)
        assert 20_000 - sender.left - line["read"] in {0, 1}  # a piece that came with the shutdown is not looked at


@in_virtual_time
async def test_a_shutdown_ends_an_upload_within_a_piece() -> None:
    """A compressed piece may hold more lines than there is time for."""
    stopping: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stopping.set_result(None)
    piece = gzip.compress(b"a\n" * 3_200)
    sent = upload(Sender(), FakeKinesis(), encoding="gzip", stopping=stopping)
    sent._next = AsyncMock(return_value={"body": piece, "more_body": False})  # type: ignore[method-assign]
    await sent.run(Reporter())
    line = totals(sent)
    assert (line["ended"], line["read"], line["accepted"]) == ("shutting_down", LINES_A_ROW, LINES_A_ROW)


@in_virtual_time
async def test_many_rejects_end_an_upload() -> None:
    """At the bound no further line is looked at, and the totals say so."""
    reporter = Reporter()
    sender = Sender(b"a\n", *[b"-\n" * 999] * 20)
    sent = upload(sender, FakeKinesis())
    await sent.run(reporter)
    assert totals(sent) | {"receipt_id": ""} == {
        "receipt_id": "",
        "read": REJECTS_MAX + 1,
        "accepted": 1,
        "rejected": REJECTS_MAX,
        "unknown": 0,
        "ended": "too_many_rejects",
    }
    assert sender.left == 9


@in_virtual_time
async def test_an_upload_read_to_its_end_is_complete() -> None:
    """Also when its last lines, refused by the stream after that, are more than the bound."""
    kinesis = FakeKinesis([Reply(after_s=60.0)] * 100)
    sent = upload(Sender(b"a\n" * (REJECTS_MAX + 1)), kinesis, window=REJECTS_MAX + 1, buffer_bytes=64 << 20)
    await sent.run(Reporter())
    assert totals(sent)["ended"] == "complete"
    assert totals(sent)["accepted"] == 0


@in_virtual_time
async def test_a_full_window_stops_the_reading() -> None:
    """No more lines wait for the stream than allowed; the sender is slowed, not refused."""
    kinesis, reporter = FakeKinesis([Reply(after_s=5.0)]), Reporter()
    sender = Sender(*[b"a\n"] * 50)
    running = asyncio.ensure_future(upload(sender, kinesis, window=10).run(reporter))
    await asyncio.sleep(4.0)
    assert sender.left == 50 - 11
    await running
    assert set(reporter.results.values()) == {"accepted"}
    assert len(kinesis.stored) == 50


@in_virtual_time
async def test_a_full_producer_stops_the_reading() -> None:
    """A bulk upload leaves half of a lane's half of the buffer to single requests, however wide its window."""
    line_bytes = len(admit(b"a").data)
    kinesis, reporter = FakeKinesis([Reply(after_s=5.0)]), Reporter()
    sender = Sender(*[b"a\n"] * 200)
    sent = upload(sender, kinesis, window=200, buffer_bytes=100 * line_bytes)
    running = asyncio.ensure_future(sent.run(reporter))
    await asyncio.sleep(4.0)
    assert isinstance(sent._producer, Producer)
    assert 20 * line_bytes < sent._producer.buffered_bytes < 30 * line_bytes
    await running
    assert set(reporter.results.values()) == {"accepted"}


@in_virtual_time
@pytest.mark.parametrize("line", [b"-\n", b"\n", b" \n"])
async def test_others_get_their_turn_within_a_piece(line: bytes) -> None:
    """However many lines a piece holds, blank ones, too, the event loop serves other requests between them."""
    turns, _ = await turns_of(upload(Sender(line * 3_200), FakeKinesis()).run(Reporter()), lambda: 0)
    assert turns >= 100


@in_virtual_time
async def test_others_get_their_turn_between_long_lines() -> None:
    """A row ends with the line that fills it up: how long its lines are taken for depends on their length."""
    line, taken = b"-" * 10_000, Counter[str]()

    def counting(data: bytes) -> EncodedEvent:
        taken["bytes"] += len(data)
        return admit(data)

    sent = upload(Sender((line + b"\n") * 64), FakeKinesis(), admit=counting, line_bytes=len(line))
    _, most = await turns_of(sent.run(Reporter()), lambda: taken["bytes"])
    assert taken["bytes"] == 64 * len(line)
    assert most <= BYTES_A_ROW + len(line)


@in_virtual_time
async def test_others_get_their_turn_while_a_line_without_end_is_decompressed() -> None:
    """Each step of decoding is taken by itself, also if no line ends in it."""
    sender, reporter = Sender(gzip.compress(b"x" * 1_000_000 + b"\n")), Reporter()
    turns, _ = await turns_of(upload(sender, FakeKinesis(), encoding="gzip").run(reporter), lambda: 0)
    assert turns >= 1_000_000 // STEP_BYTES_MAX
    assert reporter.results == {1: "body_too_large"}


@in_virtual_time
@pytest.mark.parametrize("uploads", [1, 10])
async def test_uploads_go_on_one_at_a_time(uploads: int) -> None:
    """However many there are, a turn of the event loop has one row of one of them."""
    taken, turns = Counter[str](), untimed_turns()

    def counting(data: bytes) -> EncodedEvent:
        taken["lines"] += 1
        return admit(data)

    runs = [
        upload(Sender(b"-\n" * 200), FakeKinesis(), admit=counting, turns=turns).run(Reporter())
        for _ in range(uploads)
    ]
    _, most = await turns_of(asyncio.gather(*runs), lambda: taken["lines"])
    assert taken["lines"] == 200 * uploads
    assert most == LINES_A_ROW


class SharedLook:
    """The rights of several uploads with one key, all of which wait for the same look at it."""

    lines = None

    def __init__(self) -> None:
        self._waiting, self._ended = 0, asyncio.Event()

    @property
    def left_s(self) -> float:
        return 60.0 if self._ended.is_set() else 0.0

    async def check(self) -> None:
        self._waiting += 1
        if self._waiting == UPLOADS:
            self._ended.set()
        await self._ended.wait()


@in_virtual_time
async def test_uploads_go_on_one_at_a_time_when_their_key_was_looked_at() -> None:
    """All of them waited for the same look; what they do afterwards they do in turns of their own."""
    taken, turns, rights = Counter[str](), untimed_turns(), SharedLook()

    def counting(data: bytes) -> EncodedEvent:
        taken["lines"] += 1
        return admit(data)

    runs = [
        upload(Sender(b"-\n" * 200), FakeKinesis(), admit=counting, turns=turns, rights=rights).run(Reporter())
        for _ in range(UPLOADS)
    ]
    _, most = await turns_of(asyncio.gather(*runs), lambda: taken["lines"])
    assert taken["lines"] == 200 * UPLOADS
    assert most == LINES_A_ROW


class EndingWhileRead(Reporter):
    """The results of a client that reads nothing for a while, in which its key is revoked: its rights, too."""

    lines = None

    def __init__(self) -> None:
        super().__init__()
        self._ended = False

    @property
    def left_s(self) -> float:
        return 0.0 if self._ended else 60.0

    async def check(self) -> None:
        raise ApiKeyInvalid

    async def refused(self, number: int, problem: Problem) -> None:
        await super().refused(number, problem)
        await asyncio.sleep(20)
        self._ended = True


@in_virtual_time
async def test_no_line_is_handed_over_by_rights_that_ended_while_a_result_waited_for_its_reader() -> None:
    """Lines of the same row, which were admitted before."""
    kinesis, results = FakeKinesis(), EndingWhileRead()
    sent = upload(Sender(b"a\n-bad\nb\nc\n"), kinesis, rights=results)
    await sent.run(results)
    assert totals(sent) | {"receipt_id": ""} == {
        "receipt_id": "",
        "read": 2,
        "accepted": 1,
        "rejected": 1,
        "unknown": 0,
        "ended": "rights_ended",
    }
    assert len(kinesis.stored) == 1


@in_virtual_time
async def test_nor_while_the_refusal_of_a_line_waited_that_the_producer_does_not_take() -> None:
    """Its result is written in the same way."""
    kinesis, results = FakeKinesis(), EndingWhileRead()
    sent = upload(Sender(b"a\nb\nc\n"), kinesis, rights=results)
    offer, offered = sent._producer.offer, iter((False, True, False))

    def refusing_the_second(card_id: str, data: bytes) -> "asyncio.Future[Landing] | None":
        if next(offered):
            raise NotStoredError("RecordTooLarge")
        return offer(card_id, data)

    sent._producer.offer = refusing_the_second  # type: ignore[method-assign] # a producer has no reason to refuse here
    await sent.run(results)
    assert (sent.totals.ended, sent.totals.read, len(kinesis.stored)) == ("rights_ended", 2, 1)


class Withholding:
    """A producer all of whose records land at once, when a test says so."""

    def __init__(self) -> None:
        self.answers: list[asyncio.Future[Landing]] = []

    def offer(self, key: str, data: bytes) -> "asyncio.Future[Landing]":
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]

    def land(self) -> None:
        for number, answer in enumerate(self.answers):
            answer.set_result(Landing(ShardId("shard"), SequenceNumber(str(number))))


@in_virtual_time
@pytest.mark.parametrize("ends", [True, False])
async def test_others_get_their_turn_while_results_are_told(ends: bool) -> None:  # noqa: FBT001
    """Of many lines that land together a row is told at a time, be the upload read to its end or still under way."""
    pieces = (b"a\n" * 500, *(() if ends else (STALL,)))
    sent, reporter, holding = upload(Sender(*pieces), FakeKinesis(), window=1_000), Reporter(), Withholding()
    sent._producer = cast("Producer", holding)
    running = asyncio.ensure_future(sent.run(reporter))
    await until(lambda: len(holding.answers) == 500)
    holding.land()
    _, most = await turns_of(until(lambda: len(reporter.results) == 500), lambda: len(reporter.results))
    assert most <= LINES_A_ROW + 1
    running.cancel()


async def turns_of(work: Awaitable[object], count: Callable[[], int]) -> tuple[int, int]:
    """The turns of the event loop that work takes, and the most that is counted in one of them."""
    turns = most = 0
    counted, running = count(), asyncio.ensure_future(work)
    while not running.done():
        await asyncio.sleep(0)
        before, counted = counted, count()
        turns, most = turns + 1, max(most, counted - before)
    await running
    return turns, most


@in_virtual_time
async def test_a_card_keeps_its_order_through_an_upload() -> None:
    """The lines of one card land in the order of the file, through retries."""
    script = [Reply(fates=[Fate.THROTTLED, Fate.LANDS, Fate.THROTTLED], after_s=0.1)] * 5
    kinesis = FakeKinesis(script)
    events: list[EncodedEvent] = []

    def remembering(line: bytes) -> EncodedEvent:
        events.append(admit(line))
        return events[-1]

    await upload(Sender(b"a\nb\na\nc\nb\na\nd\n" * 10), kinesis, admit=remembering).run(Reporter())
    for card_id in {event.card_id for event in events}:
        handed_over = [event.data for event in events if event.card_id == card_id]
        assert [record.data for record in kinesis.stored if record.key == card_id] == handed_over


@in_virtual_time
async def test_draining_is_bounded() -> None:
    """After an early end a sender is still read for a moment, neither for ever nor without limit."""
    await upload(Sender(b"x", STALL), FakeKinesis()).drain()
    assert asyncio.get_running_loop().time() == pytest.approx(2.0)
    endless = Sender(*[bytes(1 << 20)] * 100)
    await upload(endless, FakeKinesis()).drain()
    assert endless.left == 96


@in_virtual_time
async def test_a_compressed_upload_is_taken_line_by_line() -> None:
    """Pieces of the compressed body end anywhere."""
    kinesis, body = FakeKinesis(), gzip.compress(b"a\n-bad\nb\n")
    sent = upload(Sender(body[:7], body[7:20], body[20:]), kinesis, encoding="gzip")
    await sent.run(Reporter())
    assert totals(sent) | {"receipt_id": ""} == {
        "receipt_id": "",
        "read": 3,
        "accepted": 2,
        "rejected": 1,
        "unknown": 0,
        "ended": "complete",
    }


@pytest.mark.parametrize(
    ("body", "ended"),
    [
        (gzip.compress(b"a\n" * 5) + b"no gzip", "encoding_malformed"),
        (gzip.compress(b"a\n" * 5)[:-4], "encoding_malformed"),
        (gzip.compress(b"a\n" * 5 + bytes(2 << 20)), "body_too_large"),
    ],
    ids=["garbage", "broken off", "bomb"],
)
def test_an_upload_that_cannot_be_decompressed_ends_there(body: bytes, ended: str) -> None:
    """The lines before it have their outcomes, and the totals say why reading ended."""

    async def check() -> None:
        sent = upload(Sender(body), FakeKinesis(), encoding="gzip")
        await sent.run(Reporter())
        counted = totals(sent)
        assert (counted["accepted"], counted["ended"]) == (5, ended)

    run_in_virtual_time(check())


class Dear:
    """Admission that takes as long as it is told, on a clock of its own."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now_s, self.lines = seconds, 0.0, 0

    def admit(self, line: bytes) -> EncodedEvent:
        self.now_s += self.seconds
        self.lines += 1
        return admit(line)

    def clock(self) -> float:
        return self.now_s


@in_virtual_time
@pytest.mark.parametrize("seconds", [TURN_S / 1_000, TURN_S / 10, TURN_S / 2, 1.5 * TURN_S])
async def test_a_row_ends_with_its_time(seconds: float) -> None:
    """Of dear lines few are taken in a turn, one at least, and none is left out."""
    dear = Dear(seconds)
    turns = Turns(dear.clock, dear.clock)
    sent = upload(Sender(b"-\n" * 200), FakeKinesis(), admit=dear.admit, turns=turns)
    reporter = Reporter()
    _, most = await turns_of(sent.run(reporter), lambda: dear.lines)
    assert most <= min(LINES_A_ROW, -(-TURN_S // seconds) + 1)
    assert [*sorted(reporter.results)] == [*range(1, 201)]
    assert totals(sent)["read"] == 200


@in_virtual_time
async def test_an_account_whose_lines_outlast_a_turn_rests_between_them() -> None:
    """So the event loop is free for others three quarters of the time."""
    dear = Dear(20 * TURN_S)
    turns = Turns(dear.clock, dear.clock)
    sent = upload(Sender(b"-\n" * 20), FakeKinesis(), admit=dear.admit, turns=turns)
    await sent.run(Reporter())
    assert asyncio.get_running_loop().time() > 2.5 * dear.now_s


def keeping(memory: FairMemory) -> Results:
    """What keeps an upload's rejected lines."""
    return Results("req_1", Holding(memory, "acme"))


def distinct(line: bytes) -> EncodedEvent:
    """Refuse each line with faults of its own, as long as a problem can be."""
    raise ValidationFailed([Fault(f"/customer/{line.decode()}/{place}", "date_format") for place in range(50)])


@in_virtual_time
async def test_rejected_lines_without_room_end_an_upload() -> None:
    """None of those that were read is without its result: the totals and the answer agree."""
    memory = FairMemory(512 << 10)
    kinesis, results = FakeKinesis(), keeping(memory)
    sender = Sender(*[b"".join(b"%d\n" % (piece * 100 + line) for line in range(100)) for piece in range(50)])
    sent = upload(sender, kinesis, admit=distinct)
    await sent.run(results)
    counted, answered = totals(sent), [json.loads(line) for line in b"".join(results.pieces()).splitlines()]
    assert counted["ended"] == "too_many_rejects"
    assert [line["line"] for line in answered] == [*range(1, counted["read"] + 1)]
    assert counted["rejected"] == counted["read"] < 100
    assert sender.left == 49


@in_virtual_time
async def test_lines_refused_by_the_stream_after_the_end_are_answered_too() -> None:
    """Of an upload that ended for its rejected lines, what was under way has its outcome."""
    memory = FairMemory(64 << 10)
    kinesis, results = FakeKinesis([Reply(fates=[Fate.REFUSED] * 50, after_s=5.0)] * 2), keeping(memory)
    sent = upload(
        Sender(b"a\n" * 20 + b"1\n" * 20), kinesis, admit=lambda line: admit(line) if line == b"a" else distinct(line)
    )
    Holding(memory, "acme").take(48 << 10)
    Holding(memory, "acme").take(20 << 10)
    results._holding.take(16 << 10)
    await sent.run(results)
    counted, answered = totals(sent), [json.loads(line) for line in b"".join(results.pieces()).splitlines()]
    assert (counted["ended"], counted["read"]) == ("too_many_rejects", 21)
    assert sorted(line["line"] for line in answered) == [*range(1, 22)]


@in_virtual_time
async def test_lines_in_flight_of_all_uploads_have_a_bound() -> None:
    """An account's uploads have windows as wide as there is room for, and all of their lines are taken in the end."""
    memories = Memories(in_flight=FairMemory(400 * IN_FLIGHT_LINE_BYTES, free_bytes=0))
    most = 0
    runs, reporters = [], [Reporter() for _ in range(8)]
    for reporter in reporters:
        kinesis = FakeKinesis([Reply(after_s=1.0)] * 100)
        sent = upload(Sender(*[b"a\n" * 50] * 8), kinesis, window=1_000, memories=memories)
        runs.append(asyncio.ensure_future(sent.run(reporter)))
    while not all(run.done() for run in runs):
        await asyncio.sleep(0.1)
        most = max(most, memories.in_flight.held)
    assert 150 <= most / IN_FLIGHT_LINE_BYTES <= 200 + len(runs) * (LINES_IN_FLIGHT_MIN + 1)
    assert all(len(reporter.results) == 400 for reporter in reporters)
    assert memories.in_flight.held == 0


def zstd_frame(content: bytes, window_log: int = 23) -> bytes:
    """A frame of a sender that does not know how much will come."""
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window_log})
    return compressor.compress(content) + compressor.flush()


@in_virtual_time
async def test_decompression_waits_for_its_memory() -> None:
    """Of two uploads that need all of it one waits for the other, and then goes on."""
    frame = zstd_frame(b"a\n" * 10)
    memories = Memories(decompression=FairMemory(20 << 20, free_bytes=0))
    slow = upload(Sender(frame[:-3], frame[-3:], pause_s=10.0), FakeKinesis(), encoding="zstd", memories=memories)
    quick = upload(Sender(frame, frame, pause_s=11.0), FakeKinesis(), encoding="zstd", memories=memories)
    running = asyncio.ensure_future(slow.run(Reporter()))
    reporter = Reporter()
    await quick.run(reporter)
    await running
    assert min(reporter.at_s.values()) >= 20.0
    assert [totals(sent)["ended"] for sent in (slow, quick)] == ["complete", "complete"]
    assert totals(quick)["accepted"] == 20
    assert memories.decompression.held == 0


@in_virtual_time
async def test_uploads_whose_frames_grow_do_not_wait_for_each_other() -> None:
    """Whoever waits for the memory of the next frame has given back the memory of the one before."""
    small, large = zstd_frame(b"a\n" * 10, window_log=20), zstd_frame(b"b\n" * 10, window_log=22)
    memories = Memories(decompression=FairMemory(10 << 20, free_bytes=0))
    uploads = [
        upload(Sender(small[:-3], small[-3:] + large, pause_s=1.0), FakeKinesis(), encoding="zstd", memories=memories)
        for _ in range(3)
    ]
    await asyncio.gather(*(sent.run(Reporter()) for sent in uploads))
    assert [(totals(sent)["ended"], totals(sent)["accepted"]) for sent in uploads] == [("complete", 20)] * 3
    assert asyncio.get_running_loop().time() < DECOMPRESSION_S_MAX
    assert memories.decompression.held == 0


@in_virtual_time
async def test_an_upload_that_cannot_be_decompressed_for_want_of_memory_ends() -> None:
    """After a while, with the outcomes of the lines before; another has room, and a shutdown does not wait."""
    frame = zstd_frame(b"b\n")
    memories = Memories(decompression=FairMemory(26 << 20, free_bytes=0))
    holding = Holding(memories.decompression, "acme")
    holding.take(9 << 20)
    sender = Sender(zstd_frame(b"a\n", 10) + frame, STALL)
    sent = upload(sender, FakeKinesis(), encoding="zstd", memories=memories)
    await sent.run(Reporter())
    assert asyncio.get_running_loop().time() == pytest.approx(DECOMPRESSION_S_MAX)
    assert (totals(sent)["ended"], totals(sent)["accepted"]) == ("overloaded", 1)
    assert Holding(memories.decompression, "other").becomes(8 << 20)
    stopping: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(1.0, stopping.set_result, None)
    sent = upload(Sender(frame, STALL), FakeKinesis(), encoding="zstd", memories=memories, stopping=stopping)
    await sent.run(Reporter())
    assert totals(sent)["ended"] == "shutting_down"
    assert memories.decompression.held == (17 << 20)


@in_virtual_time
@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        (b"a", 1),
        (b"a" * 1_024, 1),
        (b"a" * 1_025, 2),
        (b"a" * 10_240, 10),
        (b"a" * 20_480, 20),
        (b"-", 1),
        (b"1", 11),
    ],
    ids=["short", "a kibibyte", "longer", "ten", "over the bound", "a fault", "fifty faults"],
)
async def test_lines_are_charged_by_what_they_cost(line: bytes, tokens: int) -> None:
    """A key's lines a second are those of usual ones; long ones, and those with many faults, count as several."""
    loop = asyncio.get_running_loop()
    rate = Bucket(100, lambda: int(loop.time() * 1e9))
    sent = upload(
        Sender(*[(line + b"\n") * 20] * 30),
        FakeKinesis(),
        admit=lambda data: distinct(data) if data == b"1" else admit(data),
        rate=rate,
        line_bytes=10_240,
        content_bytes=64 << 20,
    )
    await sent.run(Reporter())
    assert totals(sent)["read"] == 600
    assert loop.time() == pytest.approx((600 * tokens - 100) / 100, rel=0.1, abs=0.7)


@in_virtual_time
async def test_what_is_over_its_rate_waits_for_a_turn_again() -> None:
    """Uploads whose wait ends at once have turns of their own all the same."""
    loop = asyncio.get_running_loop()
    rate, turns, lines = Bucket(100, lambda: int(loop.time() * 1e9)), CountedTurns(), Counter[int]()

    def counting(data: bytes) -> EncodedEvent:
        lines[turns.given] += 1
        return admit(data)

    runs = [
        upload(Sender(*[b"-\n" * 32] * 5), FakeKinesis(), admit=counting, rate=rate, turns=turns).run(Reporter())
        for _ in range(5)
    ]
    await asyncio.gather(*runs)
    assert max(lines.values()) == LINES_A_ROW


class CountedTurns(Turns):
    """Counts the turns that were had."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0, lambda: 0.0)
        self.given = 0

    async def turn(self, account: str) -> Turn:
        turn = await super().turn(account)
        self.given += 1
        return turn
