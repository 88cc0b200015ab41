"""The hold: one process at a time, whatever is lost or killed."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from ingest.batches.batch_receipt import DamagedReceiptError
from ingest.batches.hold import REJECTED_MAX, Hold, HoldLostError, TooManyRejectsError
from ingest.batches.receipt_store import ReceiptStore, StoredReceipt
from ingest.layouts.rejection import Rejection
from ingest.upload.totals import LoadTotals
from tests.ingest.batches.builders import ACME, TAKEOVER_S, fresh, held, store_in
from tests.support.memory_versions import DeadError, Life, MemoryVersions, revived

SOME = LoadTotals(accepted=3, rejected=1, faults={"amt x": 1})
REJECTION = Rejection(4, "amt", "x", "words")


@pytest.fixture
def lake() -> MemoryVersions:
    """The bucket of the lake."""
    return MemoryVersions("lake")


async def test_a_batch_that_is_held_is_nobody_elses_until_its_receipt_stands_still(lake: MemoryVersions) -> None:
    """The next process goes on where the receipt says, and the one before finds that out with its next write."""
    first = await held(lake, "first")
    first.settled(SOME, [REJECTION])
    await first.secure()
    lake.clock.pass_s(TAKEOVER_S - 1)
    busy = await Hold.take(store_in(lake), fresh(), "second", takeover_s=TAKEOVER_S)
    assert isinstance(busy, StoredReceipt)
    lake.clock.pass_s(1)
    second = await held(lake, "second")
    assert (second.receipt.totals.read, second.receipt.takes) == (0, 2), "nothing of the first had been written"
    with pytest.raises(HoldLostError):
        await first.end()
    with pytest.raises(HoldLostError):
        await first.secure()
    assert (await second.end()).state == "done"


async def test_of_many_who_take_over_one_does(lake: MemoryVersions) -> None:
    for expected_takes in (1, 2):
        taken = await asyncio.gather(
            *(Hold.take(store_in(lake), fresh(), f"p{n}", takeover_s=TAKEOVER_S) for n in range(5))
        )
        [hold] = [each for each in taken if isinstance(each, Hold)]
        assert hold.receipt.takes == expected_takes
        lake.clock.pass_s(TAKEOVER_S)


async def test_what_is_settled_outlasts_the_process(lake: MemoryVersions) -> None:
    """The report comes before the receipt that names its lines, and goes on where it was."""
    async with await held(lake, "first") as first:
        first.settled(SOME, [REJECTION])
        first.recognised("kaggle")
        first.unsettled(7)
    [let_go] = (await store_in(lake).latest(1))[0]
    assert (let_go.receipt.owner, let_go.receipt.unknown) == (None, 7)
    second = await held(lake, "second")
    assert second.receipt == replace(first.receipt, owner="second", takes=2, beat=second.receipt.beat)
    assert second.receipt.totals == SOME
    second.settled(replace(SOME, rejected=2), [Rejection(9, "zip", "z", "words")])
    ended = await second.end()
    report = await store_in(lake).report(ended)
    assert [(each.line, each.field, each.code, each.message) for each in report] == [
        (4, "amt", "x", ""),
        (9, "zip", "z", ""),
    ]
    assert ended.report is not None
    assert b"words" not in lake.objects[ended.report].body


async def test_what_is_not_known_of_a_process_that_ended_is_not_said(lake: MemoryVersions) -> None:
    """It may have sent rows since it last wrote: a zero there would be made up, also in a receipt of before."""
    first = await held(lake, "first")
    first.settled(SOME, [])
    first.unsettled(7)
    await first._save()  # as now and then, and then killed
    [found] = (await store_in(lake).latest(1))[0]
    assert (found.receipt.state, found.receipt.totals, found.receipt.unknown) == ("open", SOME, None)
    [key] = lake.objects
    await lake.put(key, replace(found.receipt, unknown=0).to_json())
    [found] = (await store_in(lake).latest(1))[0]
    assert found.receipt.unknown is None
    assert not found.is_silent(TAKEOVER_S)
    lake.clock.pass_s(TAKEOVER_S)
    assert (await store_in(lake).latest(1))[0][0].is_silent(TAKEOVER_S)
    second = await held(lake, "second")
    second.settled(SOME, [])
    assert (await second.end()).unknown == 0


async def test_a_damaged_report_holds_no_batch_up(lake: MemoryVersions) -> None:
    """Its rejections are not known any more; those that come are, and the counts were never there."""
    async with await held(lake, "first") as first:
        first.settled(SOME, [REJECTION])
    assert first.receipt.report is not None
    for damage in (b"\xff", b"{}", b"[]", b'{"line": 1}', b"7"):
        await lake.put(first.receipt.report, damage)
        with pytest.raises(DamagedReceiptError, match=first.receipt.report):
            await store_in(lake).report(first.receipt)
    second = await held(lake, "second")
    second.settled(replace(SOME, rejected=2), [Rejection(9, "zip", "z", "")])
    ended = await second.end()
    assert ended.rejected == 2
    assert [each.line for each in await store_in(lake).report(ended)] == [9]


async def test_a_damaged_receipt_hides_no_other(lake: MemoryVersions) -> None:
    sound = await held(lake, "first")
    [key] = lake.objects
    other = key.replace("bat_", "bat_f")[: -len(".json") - 1] + ".json"
    await lake.put(other, b"{")
    await lake.put("receipts/notes.json", b"of an operator")
    found, damaged = await store_in(lake).latest(9)
    assert [each.receipt.batch for each in found] == [sound.receipt.batch]
    assert [each.key for each in damaged] == [other]


async def test_a_held_batch_is_renewed_while_nothing_else_is_written(lake: MemoryVersions) -> None:
    taken = await Hold.take(store_in(lake), fresh(), "first", takeover_s=0.06)
    assert isinstance(taken, Hold)
    async with taken as hold:
        before = hold.receipt.beat
        async with asyncio.timeout(30):
            while hold.receipt.beat < before + 3:  # noqa: ASYNC110 - a hold tells nobody
                await asyncio.sleep(0.01)
        hold.settled(SOME, [])
        await hold.end()
    again = await Hold.take(store_in(lake), fresh(), "second", takeover_s=TAKEOVER_S)
    assert isinstance(again, StoredReceipt)
    assert (again.receipt.state, again.receipt.totals) == ("done", SOME)


async def test_done_is_done_unless_it_is_wanted_again_and_what_failed_begins_again(lake: MemoryVersions) -> None:
    first = await held(lake, "first")
    first.settled(SOME, [REJECTION])
    await first.end(failure="no layout")
    second = await held(lake, "second")
    assert (second.receipt.state, second.receipt.totals, second.receipt.failure) == ("open", LoadTotals(), None)
    await second.end()
    third = await Hold.take(store_in(lake), fresh(), "third", takeover_s=TAKEOVER_S, again=True)
    assert isinstance(third, Hold)
    assert third.receipt.takes == 3


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("call", [1, 2])
async def test_a_write_that_is_made_again_is_the_holders_own(
    lake: MemoryVersions, call: int, *, behind: bool
) -> None:
    """Whether the write or its answer was lost: of the take, as of the end."""
    store = ReceiptStore(lake, partial(revived, lake.life))
    lake.life.behind, lake.life.ends_at = behind, 2 if call == 1 else None
    hold = await Hold.take(store, fresh(), "first", takeover_s=TAKEOVER_S)
    assert isinstance(hold, Hold)
    if call == 2:
        lake.life.ends_at = lake.life.calls + 1
    hold.settled(SOME, [])
    ended = await hold.end()
    found = await store.find(ACME, ended.batch)
    assert found is not None
    assert (found.receipt, ended.totals, ended.takes) == (ended, SOME, 1)


async def test_a_write_that_nobody_waited_for_is_the_holders_own(lake: MemoryVersions) -> None:
    """The renewal is cancelled at the end, perhaps while its write is under way."""
    hold = await held(lake, "first")
    lake.life.ends_at, lake.life.behind = lake.life.calls + 1, True
    with pytest.raises(DeadError):
        await hold._save()
    lake.life.is_dead = False
    hold.settled(SOME, [])
    assert (await hold.end()).totals == SOME


async def test_a_file_full_of_rejects_has_failed_and_its_report_is_bounded(lake: MemoryVersions) -> None:
    hold = await held(lake, "first")
    many = [Rejection(line, "amt", "x", "") for line in range(REJECTED_MAX + 5)]
    with pytest.raises(TooManyRejectsError, match="10,000"):
        hold.settled(LoadTotals(rejected=REJECTED_MAX + 1), many)
    receipt = await hold.end(failure="too many")
    assert receipt.reported == len(await store_in(lake).report(receipt)) == REJECTED_MAX


async def test_a_dead_process_lets_nothing_go(lake: MemoryVersions) -> None:
    """The receipt still names it, and stands still."""
    life = Life()
    async with await held(lake.lived_by(life), "first"):
        life.is_dead = True
    busy = await Hold.take(store_in(lake), fresh(), "second", takeover_s=TAKEOVER_S)
    assert isinstance(busy, StoredReceipt)
    lake.clock.pass_s(TAKEOVER_S)
    assert (await held(lake, "second")).receipt.owner == "second"
