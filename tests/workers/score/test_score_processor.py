"""The scorer's protocol: killed at any call, and resumed, it leaves what an undisturbed run leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from devkit.user_records import UserRecord

from fraud.rules.rule_health import IN_A_ROW_MAX
from fraud.scoring.card_state import CardState
from fraud.scoring.score_rows import item_of
from tests.builders import ARRIVED_AT, SHARD, card_number, position
from tests.fraud.rules.written import rule_set
from tests.fraud.scoring.made_models import CHALLENGER, CHAMPION, failing
from tests.support.chaos import models_are_large
from tests.support.memory_versions import DeadError, Life
from tests.workers.builders import BOB, event, later, lease, records, shard
from tests.workers.conftest import until
from tests.workers.score.score_world import FIRST, SECOND, Process, ScoreWorld
from txn_core.dynamodb.card_states import CardStateDocument, StoredCardState
from txn_core.exceptions import StoreError
from txn_core.kinesis.aggregation import aggregate, unpack
from txn_core.kinesis.record_batch import RecordBatch, RecordRun, StreamRecord
from txn_core.positions import SequenceNumber
from workers.leases.held import LeaseLostError
from workers.leases.version_pin import VersionPin, pin_at
from workers.reading.reader import Batch

LARGE = 90_000_00
KILL_STRIDE = 1 if models_are_large() else 3
"""How many calls lie between two kills; `make chaos` takes each."""
UNDER_WAY: dict[str, Any] = {"records_max": 12, "age_s": 1e-9}
"""Limits under which a flush begins with each batch, unless one is on its way."""


def bought(card: int = 0, amount_minor: int = 1_000, id_: str | None = None, **changes: Any) -> bytes:
    return event(id_, card_number=card_number(card), amount_minor=amount_minor, **changes)


def stream() -> list[StreamRecord]:
    """Three cards: alerts of two, an id again, a refund, a late record, and one that is no event."""
    return records(
        bought(0, id_="00000001"),
        bought(1, id_="00000002"),
        bought(0, LARGE, id_="00000003"),
        bought(0, LARGE, id_="00000003"),
        bought(2, id_="00000004"),
        b"no event",
        bought(1, LARGE, id_="00000005"),
        bought(0, LARGE, id_="00000006"),
        bought(0, id_="00000007", type="refund", original_transaction_id="00000001"),
        bought(1, id_="00000008", occurred_at=later(-86_400)),
        bought(0, id_="00000001"),
        bought(2, id_="00000009"),
        bought(1, id_="00000010"),
    )


async def undisturbed(read: list[StreamRecord], **limits: Any) -> ScoreWorld:
    world = ScoreWorld()
    await world.begun(**limits).drain(read)
    return world


async def test_the_first_record_of_an_id_is_scored_whatever_it_is() -> None:
    world = ScoreWorld()
    process = world.begun()
    await process.drain(stream())
    log = world.log()
    assert [row.transaction_id for row in log] == [f"{number:08d}" for number in range(1, 11)]
    assert {row.transaction_id for row in log if row.decision == "alert"} >= {"00000003", "00000005", "00000006"}
    assert {id_: [item.decision for item in items] for id_, items in world.shown.items()} == {
        row.transaction_id: [row.decision] for row in log
    }
    assert len(world.dead_letters()) == 1
    assert (process.count("repeats_total"), process.count("records_total")) == (2, 13)
    assert world.rows[SHARD].checkpoint.covers(position(13))
    assert world.rows[SHARD].pins == (VersionPin(None, *FIRST),)


async def test_an_alert_is_raised_and_published_before_anything_is_checkpointed() -> None:
    world = ScoreWorld()
    await world.begun(records_max=100).drain(stream(), finish=False)
    alerts = {str(alert.transaction_id): alert for alert in world.alerts()}
    assert alerts.keys() >= {"00000003", "00000005", "00000006"}
    assert {alert.alert_id: alert for alert in world.published} == {a.alert_id: a for a in alerts.values()}
    assert all(item.is_published for item in world.reviewed.alerts.values())
    assert alerts["00000003"].rule_hits == ("r0",)
    assert alerts["00000003"].case_id == alerts["00000006"].case_id != alerts["00000005"].case_id
    assert not world.log()
    assert world.rows[SHARD].checkpoint == lease().checkpoint


@pytest.mark.parametrize("limits", [{}, UNDER_WAY], ids=["one after the other", "scoring goes on"])
async def test_whoever_is_killed_behind_any_call_leaves_nothing_that_the_next_one_does_not_mend(
    limits: dict[str, Any],
) -> None:
    """The same rows, one alert each, one case a card, the same states: as of a process that nobody killed."""
    read = stream()
    expected = (await undisturbed(read)).found()
    expected_rows = expected["rows"]
    ends_at, killed = 0, True
    while killed:
        ends_at += KILL_STRIDE
        world = ScoreWorld()
        try:
            await world.begun(Life(ends_at, behind=True), **limits).drain(read, at_once=2 if limits else 4)
            killed = False
        except* DeadError:
            pass
        except* LeaseLostError:
            pass
        if killed:
            await world.begun(owner=BOB).drain(read, at_once=3)
        assert world.found() | {"ledger": None} == expected | {"ledger": None}, ends_at
        assert world.found()["rows"] == expected_rows
        assert all(len(set(items)) == 1 for items in world.shown.values()), ends_at
        assert all(item.is_published for item in world.reviewed.alerts.values()), ends_at
    assert ends_at > 40


@pytest.mark.parametrize("change_at", [1, 2])
async def test_a_record_keeps_its_versions_through_a_change_and_a_crash(change_at: int) -> None:
    """Other versions are wanted meanwhile: whoever scores a record again finds those of the first time."""
    read = stream()
    ends_at, killed = 0, True
    while killed:
        ends_at += 3
        world = ScoreWorld()

        def change(number: int, world: ScoreWorld = world) -> None:
            if number == change_at:
                world.watch.wanted = SECOND

        try:
            await world.begun(Life(ends_at, behind=True)).drain(read, before=change)
            killed = False
        except* DeadError:
            pass
        world.watch.wanted = SECOND
        if killed:
            await world.begun(owner=BOB).drain(read, at_once=3)
        log = world.log()
        assert len({row.position for row in log}) == len(log) == 10, ends_at
        assert all(len(set(items)) == 1 for items in world.shown.values()), ends_at
        shown = {id_: items[0].model for id_, items in world.shown.items()}
        assert {row.transaction_id: row.model for row in log} == shown
        assert all(alert.model == shown[alert.transaction_id] for alert in world.alerts()), ends_at
        models = [str(row.model) for row in log]
        assert models == sorted(models, key=[CHAMPION, CHALLENGER].index), "versions go forwards alone"


async def test_versions_change_for_what_no_predecessor_can_have_scored() -> None:
    """Behind the tip, or behind as many records as a flush takes; and the pin stands there before the score."""
    world, read = ScoreWorld(), stream()
    await world.begun().drain(read[:4])
    world.watch.wanted = SECOND
    process = world.begun(owner=BOB)
    await process.drain(read[:12], at_once=4)
    assert world.rows[SHARD].pins == (VersionPin(position(10), *SECOND),)
    assert pin_at(world.rows[SHARD].pins, position(10)) == VersionPin(position(10), *SECOND)
    by_id = {str(row.transaction_id): row for row in world.log()}
    assert (by_id["00000007"].model, by_id["00000008"].model) == (CHAMPION, CHALLENGER)
    assert by_id["00000008"].shadow.keys() == {CHAMPION}


async def test_the_holder_itself_changes_versions_behind_the_tip_at_once() -> None:
    world, read = ScoreWorld(), stream()
    process = world.begun()
    await process.drain(read[:2], finish=False)
    world.watch.wanted = SECOND
    await process.drain(read[2:])
    assert world.rows[SHARD].pins == (VersionPin(position(3), *SECOND),)


async def test_a_plan_is_carried_out_as_it_stands_however_much_is_read() -> None:
    """The object ends where the plan ends; what was read behind it goes into the next one."""
    world, read = ScoreWorld(), stream()
    with pytest.raises(DeadError):
        await world.begun(dies_at_object=True).drain(read)
    plan = world.rows[SHARD].plan
    assert plan is not None
    assert not world.log()
    await world.begun(owner=BOB).drain(read, at_once=13)
    lasts = [metadata["last"] for key, (_, metadata) in world.objects.items() if key.startswith("scores/")]
    assert f"{plan.last.sequence_number}/0" in lasts
    assert len(world.log()) == 10


async def test_a_successor_stops_within_a_plan_that_it_has_not_read_to_its_end() -> None:
    world, read = ScoreWorld(), stream()
    with pytest.raises(DeadError):
        await world.begun(dies_at_object=True).drain(read)
    before = world.rows[SHARD]
    process = world.begun(owner=BOB)
    await process.drain(read[:2])
    assert (world.rows[SHARD].plan, world.rows[SHARD].checkpoint) == (before.plan, before.checkpoint)
    assert not world.log()


async def test_a_planned_range_that_retention_took_is_given_up_loudly() -> None:
    """Part of it, or all of it; the shard may be closed meanwhile."""
    for left in (3, 13):
        world, read = ScoreWorld(), stream()
        with pytest.raises(DeadError):
            await world.begun(dies_at_object=True).drain(read)
        process = world.begun(owner=BOB)
        await process.processor.take(Batch(RecordBatch.of(read[left:]), at_tip=True, ended=True))
        await process.processor.finish()
        assert process.count("retention_losses_total", reason="planned") == 1
        assert world.rows[SHARD].plan is None
        world.rows[SHARD].ended()


async def test_an_object_of_another_stream_is_neither_overwritten_nor_taken_for_ours() -> None:
    world, read = ScoreWorld(), stream()
    await world.begun().drain(read)
    others = records(*(bought(5) for _ in range(13)))
    world.rows, world.states = {SHARD: lease()}, {}
    with pytest.raises(StoreError, match="other records"):
        await world.begun(owner=BOB).drain(others)


async def test_records_that_make_no_rows_make_no_object() -> None:
    """Repeats and poison are checkpointed by themselves, and noted in the ledger."""
    world = ScoreWorld()
    first = records(bought(id_="00000001"))
    await world.begun().drain(first)
    objects = {key for key in world.objects if key.startswith("scores/")}
    more = [*first, *records(bought(id_="00000001"), b"no event", start=2)]
    await world.begun(owner=BOB).drain(more)
    assert {key for key in world.objects if key.startswith("scores/")} == objects
    assert world.rows[SHARD].checkpoint.covers(position(3))
    ledger = world.rows[SHARD].ledger
    assert ledger is not None
    assert sum(noted.count for _, noted in ledger.open.sums) == 3


async def test_an_aggregate_without_an_event_is_one_letter() -> None:
    world = ScoreWorld()
    users = unpack(aggregate([UserRecord("key", b"garbage")] * 100, "0"), "")
    run = RecordRun(SHARD, SequenceNumber("1"), 0, ARRIVED_AT, users.data, users.begins, users.ends)
    await world.begun().drain(RecordBatch([run]), at_once=64)
    assert len(world.dead_letters()) == 1
    assert world.rows[SHARD].checkpoint.covers(position(1, 99))


async def test_a_flush_is_due_by_age_and_by_the_hour_too() -> None:
    world = ScoreWorld()
    process = world.begun(age_s=1e-9)
    await process.drain(records(bought()), finish=False)
    await process.drain([])
    assert len(world.log()) == 1
    read = [
        StreamRecord(bought(), position(number), ARRIVED_AT + timedelta(minutes=50 * number))
        for number in range(2, 5)
    ]
    await world.begun(owner=BOB).drain(read)
    assert process.count("flushes_total", cause="age") == 1
    assert len({key for key in world.objects if key.startswith("scores/")}) == 3


async def test_a_reader_without_records_asks_no_store() -> None:
    world = ScoreWorld()
    process = world.begun()
    for _ in range(3):
        await process.processor.take(Batch(RecordBatch.of([]), at_tip=True, ended=False))
    assert process.life.calls == 0


async def test_a_model_that_fails_or_is_missing_leaves_the_rules() -> None:
    for models, fallback in (({CHAMPION: failing()}, "model_error"), ({}, "model_unavailable")):
        world = ScoreWorld()
        world.watch.models = models  # type: ignore[assignment]
        process = world.begun()
        await process.drain(stream())
        assert {row.fallback for row in world.log()} == {fallback}
        assert {alert.transaction_id for alert in world.alerts()} == {"00000003", "00000005", "00000006"}
        assert {(alert.model, alert.score, alert.reasons) for alert in world.alerts()} == {(None, 0, ())}
        assert process.count("fallbacks_total", reason=fallback) == 10
        assert process.count("model_errors_total") == (10 if models else 0)


async def test_a_rule_that_fails_all_the_time_is_no_hit_and_asked_to_be_disabled() -> None:
    world, rules = ScoreWorld(), rule_set("1 / (city_population - city_population) > 0", "amount > 50000")
    world.watch.rules[rules.version] = rules
    world.watch.wanted = FIRST._replace(rules=rules.version)
    read = records(*(bought(0, LARGE) for card in range(IN_A_ROW_MAX)))
    world.watch.models = {}
    process = world.begun(records_max=1_000)
    await process.drain(read, at_once=IN_A_ROW_MAX)
    assert world.watch.disabled == [frozenset({"r0"})]
    assert {row.rule_hits for row in world.log()} == {("r1",)}
    assert process.count("rule_errors_total") == IN_A_ROW_MAX


async def test_a_state_that_is_none_is_left_as_it_is() -> None:
    world = ScoreWorld()
    damaged = StoredCardState(CardStateDocument(b"garbage", {}), 3)
    read = records(bought(0), bought(0), bought(1))
    await world.begun().drain(read[:1])
    (key,) = world.states
    world.states[key] = damaged
    process = world.begun(owner=BOB)
    await process.drain(read)
    assert world.states[key] == damaged
    assert [row.fallback for row in world.log()] == [None, "state_unavailable", None]
    assert process.count("states_unreadable_total") >= 1


async def test_two_shards_that_hold_one_card_store_each_record_once() -> None:
    """A record landed on a wrong shard during a reshard: the later flush takes in what the earlier one stored."""
    world = ScoreWorld()
    other = lease(1)
    world.rows[other.shard_id] = other
    here = records(bought(0, id_="00000001"), bought(0, id_="00000003"))
    wrong = StreamRecord(bought(0, id_="00000002"), position(9, shard_id=shard(1)), ARRIVED_AT)
    one, two = world.begun(), world.begun(owner=BOB, row=other)
    await one.drain(here, finish=False)
    await two.drain([wrong], finish=False)
    await two.processor.finish()
    await one.processor.finish()
    (stored,) = world.states.values()
    assert {row.transaction_id for row in world.log()} == {"00000001", "00000002", "00000003"}
    assert stored.document.applied == {SHARD: "2/0", shard(1): "9/0"}
    assert one.count("state_conflicts_total") == 1


async def test_a_second_holder_does_no_harm() -> None:
    """A process that slept through a takeover finds at its flush that the lease is gone, and all stands once."""
    world, read = ScoreWorld(), stream()
    expected = (await undisturbed(read, records_max=100)).found()
    sleeping = world.begun(records_max=100)
    await sleeping.drain(read, finish=False)
    await world.begun(owner=BOB, records_max=100).drain(read)
    with pytest.raises(LeaseLostError):
        await sleeping.processor.finish()
    assert world.found() == expected
    sleeping.processor.abandon()
    assert sleeping.memory.pending == 0


def shown(world: ScoreWorld, scores: int) -> Callable[[], Awaitable[bool]]:
    async def enough() -> bool:
        return len(world.shown) >= scores

    return enough


def objects(world: ScoreWorld, number: int) -> Callable[[], Awaitable[bool]]:
    async def enough() -> bool:
        return len(world.objects) >= number

    return enough


async def hanging(world: ScoreWorld, read: list[StreamRecord], **limits: Any) -> tuple[Process, asyncio.Task[None]]:
    """A process whose first flush hangs at the card states, and what it goes on with: the rest of the stream."""
    process = world.begun(**UNDER_WAY | {"records_max": 100} | limits)
    world.states_answer.clear()
    await process.drain(read[:2], finish=False)
    await until(objects(world, 1))
    rest = RecordBatch.of(read[2:])
    return process, asyncio.create_task(process.processor.take(Batch(rest, at_tip=True, ended=False)))


async def test_scores_and_alerts_go_on_while_a_flush_hangs_up_to_what_one_flush_takes() -> None:
    world, read = ScoreWorld(), stream()
    expected = (await undisturbed(read)).found()
    process, going_on = await hanging(world, read, records_max=10)
    await until(shown(world, 8))  # the records at 1 to 10, of which one is a repeat, one is no event
    for _ in range(50):
        await asyncio.sleep(0)
    assert not going_on.done()
    assert len(world.shown) == 8
    assert {alert.transaction_id for alert in world.published} >= {"00000003", "00000005", "00000006"}
    assert {row.transaction_id for row in world.log()} == {"00000001", "00000002"}
    assert (world.states, world.rows[SHARD].checkpoint) == ({}, lease().checkpoint)
    world.states_answer.set()
    await going_on
    await process.processor.finish()
    assert world.found() | {"ledger": None} == expected | {"ledger": None}
    assert process.count("state_conflicts_total") == 0


async def test_no_versions_change_while_a_flush_is_on_its_way() -> None:
    """Its plan stands on the lease, and a successor takes up to its end for what may have been scored."""
    world, read = ScoreWorld(), stream()
    process, going_on = await hanging(world, read)
    world.watch.wanted = SECOND
    await going_on
    assert world.rows[SHARD].pins == (VersionPin(None, *FIRST),)
    world.states_answer.set()
    await process.processor.finish()
    assert {row.model for row in world.log()} == {CHAMPION}


async def test_whoever_loses_the_lease_during_a_flush_changes_nothing_behind_it() -> None:
    world, read = ScoreWorld(), stream()
    expected = (await undisturbed(read)).found()
    process, going_on = await hanging(world, read)
    await going_on
    states, world.states_answer = world.states_answer, asyncio.Event()
    world.states_answer.set()
    await world.begun(owner=BOB).drain(read)
    states.set()
    with pytest.raises(LeaseLostError):
        await process.processor.finish()
    process.processor.abandon()
    assert world.found() | {"ledger": None} == expected | {"ledger": None}


async def test_a_flush_that_is_given_up_writes_nothing_any_more() -> None:
    world, read = ScoreWorld(), stream()
    process, going_on = await hanging(world, read)
    await going_on
    process.processor.abandon()
    world.states_answer.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert (world.states, world.rows[SHARD].checkpoint) == ({}, lease().checkpoint)
    assert process.memory.pending == 0


async def test_a_card_that_another_shard_changed_during_a_flush_keeps_what_was_scored_meanwhile() -> None:
    world = ScoreWorld(rows={SHARD: lease(), shard(1): lease(1)})
    here = records(*(bought(0, id_=f"0000000{number}") for number in range(1, 6)))
    process, going_on = await hanging(world, here)
    await going_on
    states, world.states_answer = world.states_answer, asyncio.Event()
    world.states_answer.set()
    wrong = StreamRecord(bought(0, id_="00000009"), position(9, shard_id=shard(1)), ARRIVED_AT)
    await world.begun(owner=BOB, row=lease(1)).drain([wrong])
    states.set()
    await process.processor.finish()
    (stored,) = world.states.values()
    history, logged = CardState.of(stored).history, world.log()
    assert history is not None
    assert len(logged) == 6
    assert stored.document.applied == {SHARD: "5/0", shard(1): "9/0"}
    assert sorted(history.log_odds[CHAMPION]) == sorted(row.stage1_millilogit or 0 for row in logged)
    assert process.count("state_conflicts_total") == 1


async def test_nothing_is_pinned_by_whoever_lost_the_lease() -> None:
    world = ScoreWorld()
    sleeping = world.begun()
    world.rows[SHARD] = world.rows[SHARD].taken(BOB)
    with pytest.raises(LeaseLostError):
        await sleeping.drain(stream())
    assert not world.shown
    assert world.rows[SHARD].pins == ()


async def test_what_is_logged_is_not_scored_again_though_more_is_known_of_the_card_by_now() -> None:
    """A worker dies behind its object, another shard stores the card, and the log still says what all else says."""
    read = records(*(bought(0, 40_000 + number, id_=f"0000000{number}") for number in range(1, 5)))
    wrong = [StreamRecord(bought(0, LARGE, id_="00000009"), position(9, shard_id=shard(1)), ARRIVED_AT)]
    for ends_at in range(1, 60):
        world = ScoreWorld(rows={SHARD: lease(), shard(1): lease(1)})
        with suppress(DeadError, ExceptionGroup):
            await world.begun(Life(ends_at, behind=True)).drain(read)
        if not world.log() or world.states:
            continue
        await world.begun(row=lease(1)).drain(wrong)
        await world.begun(owner=BOB).drain(read)
        log = world.log()
        assert [row.transaction_id for row in log] == ["00000001", "00000002", "00000003", "00000004", "00000009"]
        assert {row.transaction_id: item_of(row) for row in log} == {i: s[-1] for i, s in world.shown.items()}
        (stored,) = world.states.values()
        history = CardState.of(stored).history
        assert history is not None
        kept = {row.transaction_id: row.stage1_millilogit for row in log}
        assert sorted(history.log_odds[CHAMPION]) == sorted(value for value in kept.values() if value is not None)
        return
    raise AssertionError("no life ended between the object and the states")


async def test_scores_that_a_slower_worker_has_logged_meanwhile_are_taken_over() -> None:
    """The object is there when it is to be written, with what was known of the card then."""
    read = records(*(bought(0, 40_000 + number, id_=f"0000000{number}") for number in range(1, 5)))
    wrong = [StreamRecord(bought(0, LARGE, id_="00000009"), position(9, shard_id=shard(1)), ARRIVED_AT)]
    slower = ScoreWorld()
    await slower.begun().drain(read)
    world = ScoreWorld(rows={SHARD: lease(), shard(1): lease(1)})
    await world.begun(row=lease(1)).drain(wrong)
    process = world.begun()
    await process.drain(read, finish=False)
    world.objects |= slower.objects
    with pytest.raises(StoreError, match="other scores"):
        await process.processor.finish()
    process.processor.abandon()
    await world.begun(owner=BOB).drain(read)
    logged = {row.transaction_id: item_of(row) for row in world.log()}
    assert {i: s[-1] for i, s in world.shown.items()} == logged
    assert [row for row in world.log() if row.position.shard_id == SHARD] == slower.log()
