"""Foreign aggregates: how many dead letters one leaves, and that both workers account for each of its positions."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from devkit.user_records import UserRecord

from tests.builders import ARRIVED_AT, SHARD, position
from tests.txn_cli.reconcile.test_reconciliation import reconcile
from tests.workers.archive.test_archive_processor import CrashError, CrashingStore, Site
from tests.workers.builders import ALICE, BOB, event
from tests.workers.conftest import StackFixture, until
from tests.workers.rebuild.test_rebuild import is_built, items, of_generation, rebuilding
from txn_core.exceptions import EventError
from txn_core.kinesis.aggregation import aggregate, unpack
from txn_core.kinesis.record_batch import RecordBatch, RecordRun, StreamRecord
from txn_core.lake.layout import DEAD_LETTER_PREFIX
from txn_core.positions import Position, SequenceNumber
from txn_core.transactions.instants import instant_of
from workers.events.dead_letters import DATA_BYTES_MAX, DeadLetter, DeadLetterBox, Envelope, Seal
from workers.events.undecodable import LETTERS_A_RECORD_MAX, SettingApart, kept_whole
from workers.leases.lease import FlushPlan
from workers.leases.sub_records import SubRecords
from workers.metrics import WorkerMetrics
from workers.rebuild.rebuild import LAKE

MANY = 2_000


def packed(*data: bytes) -> bytes:
    return aggregate([UserRecord("key", one) for one in data], "0")


def run_of(record: bytes) -> RecordRun:
    users = unpack(record, "")
    return RecordRun(SHARD, SequenceNumber("7"), 0, ARRIVED_AT, users.data, users.begins, users.ends)


@pytest.mark.parametrize("count", [1, 2, MANY])
def test_an_aggregate_without_an_event_is_one_letter(count: int) -> None:
    record = packed(*[b"garbage"] * count)
    whole = kept_whole(run_of(record))
    assert whole is not None
    assert whole.record == StreamRecord(record, position(7), ARRIVED_AT)
    assert list(whole.subs) == list(range(count))
    assert whole.code == "json_invalid at /"


@pytest.mark.parametrize("events", [1, 3])
def test_what_stands_beside_an_event_has_letters_of_its_own_up_to_a_bound(events: int) -> None:
    data = [event() for _ in range(events)]
    assert kept_whole(run_of(packed(*data, *[b"x"] * LETTERS_A_RECORD_MAX))) is None
    whole = kept_whole(run_of(packed(*data, *[b"x"] * (LETTERS_A_RECORD_MAX + 1))))
    assert whole is not None
    assert whole.record.position == position(7, events)
    assert list(whole.subs) == list(range(events, events + LETTERS_A_RECORD_MAX + 1))


def test_an_aggregate_of_events_and_a_plain_record_are_no_whole_letter() -> None:
    assert kept_whole(run_of(packed(event(), event()))) is None
    assert kept_whole(run_of(b"garbage")) is None


def test_the_decision_is_that_of_the_record_not_of_a_part() -> None:
    """A flush or a checkpoint may cut an aggregate anywhere; whoever comes to a part decides the same."""
    whole = run_of(packed(*[b"garbage"] * 10))
    parts = {kept_whole(whole.cut(start, stop)) for start, stop in ((0, 1), (3, 10), (9, 10), (0, 10))}
    assert len(parts) == 1
    mixed = run_of(packed(event(), *[b"garbage"] * 9))
    assert {kept_whole(mixed.cut(start, stop)) for start, stop in ((0, 1), (1, 10), (5, 6))} == {None}


def test_few_of_many_codes_are_told() -> None:
    wrong = [b"x", b"[]", b"{}", b'{"schema":2}', b'{"schema":"x"}', b"\xff"]
    whole = kept_whole(run_of(packed(*wrong)))
    assert whole is not None
    assert len(whole.code) < 400
    assert whole.code.startswith("json_invalid at /; ")


def test_a_letter_of_a_whole_record_opens_again_and_gives_its_records() -> None:
    record = packed(event(), *[b"%d" % i for i in range(LETTERS_A_RECORD_MAX + 1)])
    whole = kept_whole(run_of(record))
    assert whole is not None
    letter, seal = DeadLetter.undecodable("archive", "stream", *whole), Seal(b"\x07" * 32)
    closed = seal.close(letter)
    assert seal.open(closed) == letter
    assert letter.data == record
    places = [position(7, sub) for sub in range(1, LETTERS_A_RECORD_MAX + 2)]
    assert list(Envelope.of(closed).origin.positions) == places
    assert [(r.position, r.data) for r in letter.records()] == [(p, b"%d" % i) for i, p in enumerate(places)]
    assert {r.arrived_at for r in letter.records()} == {ARRIVED_AT}
    assert letter.key.endswith(f"/archive-{SHARD}-7-1x{LETTERS_A_RECORD_MAX + 1}.json")
    for text in ("1-100", "0-101"):
        moved = closed.replace(b'"1-101"', f'"{text}"'.encode())
        with pytest.raises(ValueError, match="not sealed"):
            seal.open(moved)


def test_a_letter_that_lacks_the_records_it_stands_for_is_refused() -> None:
    whole = kept_whole(run_of(packed(b"a", b"b")))
    assert whole is not None
    letter = DeadLetter.undecodable("archive", "stream", *whole)
    for broken in (
        replace(letter, data=b"plain"),
        replace(letter, origin=replace(letter.origin, subs=SubRecords.of([0, 1, 2]))),
    ):
        with pytest.raises(ValueError, match="does not have"):
            broken.records()


def test_a_letter_holds_no_more_than_a_record_may_have() -> None:
    record = StreamRecord(bytes(DATA_BYTES_MAX + 1), position(7), ARRIVED_AT)
    letter = DeadLetter.undecodable("archive", "stream", record, "too large")
    assert len(letter.data) == DATA_BYTES_MAX
    assert letter.code == f"too large; cut to the first {DATA_BYTES_MAX} of {DATA_BYTES_MAX + 1} bytes"
    whole = DeadLetter.undecodable("archive", "stream", record._replace(data=bytes(10)), "too large")
    assert (len(whole.data), whole.code) == (10, "too large")


async def apart(world: StackFixture) -> Counter[tuple[str, Position]]:
    """How often each position is in a letter of each worker."""
    return Counter(
        (letter.origin.worker, p) for letter in await world.dead_letters() for p in letter.origin.positions
    )


def both(places: Sequence[Position]) -> Counter[tuple[str, Position]]:
    return Counter((worker, place) for worker in ("index", "archive") for place in places)


async def test_each_position_of_a_foreign_aggregate_is_in_one_letter_of_each_worker(world: StackFixture) -> None:
    """Few letters, not thousands, and yet every position is accounted for: ledgers and stream agree."""
    garbage = await world.send_aggregate(*[b"garbage"] * MANY)
    few = await world.send_aggregate(b"one", event(), b"two")
    many = await world.send_aggregate(event(), *[b"garbage"] * MANY)
    poison = [*garbage, few[0], few[2], *many[1:]]
    await world.drain("index", "archive")
    dead_letters = await world.dead_letters()
    assert Counter(letter.origin.worker for letter in dead_letters) == {"index": 1 + 2 + 1, "archive": 1 + 2 + 1}
    (whole, _) = [letter for letter in dead_letters if letter.origin.position == garbage[0]]
    assert len(unpack(whole.data, "").ends) == MANY
    assert await apart(world) == both(poison)
    await world.assert_lake_exact(poison=poison)
    ledger = await world.ledger("index")
    assert ledger == await world.ledger("archive") == await world.arrival_minutes()
    assert ledger.count == len(world.sent)
    for place in poison:
        del world.sent[place]
    await world.assert_index_exact()


async def test_flushes_that_cut_the_record_leave_one_letter(world: StackFixture) -> None:
    """Each part is a plan of its own; a crash between the letter and the checkpoint changes nothing."""
    garbage = await world.send_aggregate(*[b"garbage"] * 10)
    (sound,) = await world.send(event())
    first = await Site(world).lease(ALICE)
    with pytest.raises(CrashError):
        await Site(world, rows=4).drain(first, CrashingStore(world.store, "after object", DEAD_LETTER_PREFIX))
    await Site(world, rows=3).drain(successor := await Site(world).lease(BOB))
    assert successor.row.plan is None
    assert [letter.origin.subs for letter in await world.dead_letters()] == [SubRecords.of(range(10))]
    await world.assert_lake_exact(poison=garbage)
    assert [row.position for row in await world.lake()] == [sound]
    assert await world.ledger("archive") == await world.arrival_minutes()


async def test_a_plan_of_an_older_writer_still_fits(world: StackFixture) -> None:
    """Its positions were counted one by one, and its letters were one each: they are so many still."""
    garbage = await world.send_aggregate(*[b"garbage"] * 5)
    lease = await Site(world).lease(ALICE)
    dead_letters = DeadLetterBox(
        world.store, Seal.of(world.settings), "archive", world.settings.stream, WorkerMetrics("archive")
    )
    await dead_letters.undecodable(StreamRecord(b"garbage", garbage[0], ARRIVED_AT), "json_invalid at /")
    await lease.store_plan(FlushPlan(garbage[0], garbage[3], instant_of(ARRIVED_AT), positions=4))
    await Site(world, rows=100).drain(successor := await Site(world).lease(BOB))
    checkpoint = successor.row.checkpoint
    assert (checkpoint.position(SHARD), successor.row.plan) == (garbage[4], None)
    assert {place for _, place in await apart(world)} == {*garbage}
    assert await world.ledger("archive") == await world.arrival_minutes()


async def test_reconcile_takes_a_letter_for_all_of_its_positions(
    world: StackFixture, tmp_path: Path, own_environment: pytest.MonkeyPatch
) -> None:
    names = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url", "stream", "table_prefix", "bucket")
    for name in names:
        own_environment.setenv(f"TXN_{name.upper()}", str(getattr(world.settings, name)))
    await world.send_aggregate(*[b"garbage"] * 50)
    await world.send_aggregate(event(), *[b"garbage"] * (LETTERS_A_RECORD_MAX + 1))
    await world.drain("index", "archive")
    code, out = await reconcile(tmp_path, "--deep")
    assert (code, "All compared minutes agree" in out) == (0, True)
    letter = next(key for key in await world.objects() if "/archive-" in key and key.endswith("x50.json"))
    await world.remove(letter)
    code, out = await reconcile(tmp_path, "--deep", "--json")
    assert code == 1
    assert out.count("missing_in_lake") == 50


async def test_from_the_lake_the_letters_are_those_of_the_stream(world: StackFixture) -> None:
    """The archive's letter gives the index its records again, and the index makes one letter of them, too."""
    garbage = await world.send_aggregate(*[b"garbage"] * MANY)
    mixed = await world.send_aggregate(event("beside-garbage"), *[b"x"] * (LETTERS_A_RECORD_MAX + 1))
    await world.drain("archive")
    async with rebuilding(world, LAKE):
        await until(lambda: is_built(world))
    assert len(await world.dead_letters()) == 4
    assert await apart(world) == both([*garbage, *mixed[1:]])
    assert "acme#beside-garbage" in await items(world, of_generation(world))


async def test_whoever_else_is_on_the_loop_gets_turns_meanwhile(world: StackFixture) -> None:
    """A record may hold a hundred thousand sub-records: leases are renewed while they are gone through."""
    count, turns, ending = 20_000, 0, asyncio.Event()

    async def take_turns() -> None:
        nonlocal turns
        while not ending.is_set():
            await asyncio.sleep(0)
            turns += 1

    box = DeadLetterBox(world.store, Seal.of(world.settings), "index", world.settings.stream, WorkerMetrics("index"))
    apart = SettingApart(box, RecordBatch([run := run_of(packed(*[b""] * count))]))
    records = [run.at(index) for index in range(count)]
    others = asyncio.ensure_future(take_turns())
    for record in records:
        await apart.keep(record, EventError("no event"))
    ending.set()
    await others
    assert turns > count // 2
    assert [len(letter.origin.subs or ()) for letter in await world.dead_letters()] == [count]


async def test_a_letter_that_could_not_be_written_is_written_by_the_next(world: StackFixture) -> None:
    """Nothing is taken for kept that is not: the record's letter fails once, with all that wait for it."""
    box = DeadLetterBox(world.store, Seal.of(world.settings), "index", world.settings.stream, WorkerMetrics("index"))
    apart = SettingApart(box, RecordBatch([run := run_of(packed(b"a", b"b", b"c"))]))
    put, failures = DeadLetterBox.undecodable, list[Exception]([OSError()])

    async def failing_once(box: DeadLetterBox, record: StreamRecord, code: str, subs: SubRecords) -> None:
        if failures:
            raise failures.pop()
        await put(box, record, code, subs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DeadLetterBox, "undecodable", failing_once)
        kept = [apart.keep(run.at(index), EventError("no event")) for index in range(3)]
        outcomes = await asyncio.gather(*kept, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError, type(None), type(None)]
    assert len(await world.dead_letters()) == 1


def test_a_stretch_of_records_by_themselves_is_in_no_aggregate() -> None:
    stretch = RecordBatch.of([StreamRecord(b"x", position(7, 3), ARRIVED_AT)])
    assert not stretch.runs[0].in_aggregate
