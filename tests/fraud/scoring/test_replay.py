"""What was served is what the lake gives again, and every cell that is not is found."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import pytest
from devkit.lake_maker import ADVERSE, lake_of, made_bodies

from fraud.observations.reading import observation_of
from fraud.records.score_row import ScoreRow
from fraud.scoring.filling import Filling, Reached
from fraud.scoring.replay import Findings, Replay, place_key
from fraud.scoring.versions import PinnedVersions, Versions
from tests.fraud.builders import after
from tests.fraud.rules.written import rule_set
from tests.fraud.scoring.made_models import CHALLENGER, CHAMPION, model
from tests.fraud.scoring.memory_states import MemoryStates
from tests.fraud.scoring.served import Read, read, served
from txn_core.lake.columns import arrived_of
from txn_core.lake.parquet import read_parquet
from txn_core.positions import ShardId
from txn_core.transactions.instants import Instant

FIRST: Final = Instant("2026-01-01T00:00:00.000000Z")
RULES: Final = rule_set("amount > 30000", action="review")
ALL: Final = Versions(model(), model(CHALLENGER), RULES)
ROWS: Final = 100


@cache
def stream() -> list[Read]:
    """An adverse lake in its order: repeats, conflicts, refunds, two accounts, a second card key in the middle."""
    objects = lake_of(made_bodies(ROWS, customers=5), replace(ADVERSE, late_shard=False), shards=1)
    return read(each for lake in objects for each in arrived_of(read_parquet(lake.body)))


async def beginning() -> list[ScoreRow]:
    """The rows of its first 40 records."""
    if not _BEGINNING:
        _BEGINNING.extend(await served(stream()[:40], ALL))
    return list(_BEGINNING)


_BEGINNING: Final[list[ScoreRow]] = []


def load(named: PinnedVersions, gone: Sequence[str] = ()) -> Versions:
    """The versions of a test, but for those that are gone."""
    models = {CHAMPION: model(), CHALLENGER: model(CHALLENGER)}
    first, second = (None if name is None or name in gone else models[name] for name in named[:2])
    return Versions(first, second, RULES if named.rules == RULES.version and RULES.version not in gone else None)


def replayed(
    records: Sequence[Read], rows: Sequence[ScoreRow], since: Instant = FIRST, gone: Sequence[str] = (),
    filling: Filling | None = None,
) -> Findings:  # fmt: skip
    """What a replay finds."""
    replay = Replay({place_key(row.position): row for row in rows}, lambda named: load(named, gone), since, filling)
    for each in records:
        replay.add(observation_of(each.event), each.position, each.arrived_at)
    return replay.finish()


async def test_served_rows_are_found_to_be_right_to_the_bit() -> None:
    records = stream()
    rows = await served(records, ALL)
    found = replayed(records, rows)
    assert (found.rows, found.differences, dict(found.unchecked)) == (len(rows), 0, {})
    assert found.cells == sum(len(row.features) + 7 for row in rows)
    assert len(rows) < len(records)
    assert len({row.card_id.split("_")[1] for row in rows}) == 2


async def test_rows_from_before_are_folded_and_not_compared() -> None:
    records = stream()
    rows = await served(records, ALL)
    since = rows[len(rows) // 2].arrived_at
    found = replayed(records, [replace(row, score=1) if row.arrived_at < since else row for row in rows], since)
    assert (found.rows, found.differences) == (sum(row.arrived_at >= since for row in rows), 0)


@pytest.mark.parametrize(
    ("change", "cell"),
    [
        ({"score": 1_000}, "score"),
        ({"raw_millilogit": 10**6}, "raw_millilogit"),
        ({"stage1_millilogit": None}, "stage1_millilogit"),
        ({"decision": "another"}, "decision"),
        ({"rule_hits": ("r9",)}, "rule_hits"),
        ({"shadow": {CHALLENGER: 10**6}}, "shadow"),
        ({"feature_set": 2}, "feature_set"),
    ],
)
async def test_a_changed_cell_is_found_with_its_place(change: dict[str, Any], cell: str) -> None:
    records = stream()[:40]
    rows = await beginning()
    rows[20] = replace(rows[20], **change)
    found = replayed(records, rows)
    assert [(each.position, each.cell.name) for each in found.shown] == [(rows[20].position, cell)]
    assert found.differences == 1
    assert found.shown[0].card == f"{rows[20].account}#{rows[20].card_id}"


async def test_the_last_bit_of_a_feature_counts_and_so_does_one_that_is_missing() -> None:
    records = stream()[:40]
    rows = await beginning()
    values = rows[30].features
    place = next(at for at, value in enumerate(values) if isinstance(value, float) and value % 1)
    for served_value in (math.nextafter(values[place] or 0.0, 9e9), None):
        changed = (*values[:place], served_value, *values[place + 1 :])
        found = replayed(records, [*rows[:30], replace(rows[30], features=changed), *rows[31:]])
        assert (found.differences, len(found.shown)) == (1, 1)
    cut = replayed(records, [replace(row, features=row.features[:-1]) for row in rows])
    assert (cut.differences, len(cut.shown)) == (len(rows), 10)


@pytest.mark.parametrize(
    ("gone", "reason", "compared"),
    [
        (CHAMPION, "a model that is not there any more, or not trusted", 0),
        (CHALLENGER, "a model that is not there any more, or not trusted", 0),
        (RULES.version, "rules that are not there any more (their decision alone)", 40),
    ],
)
async def test_what_cannot_be_computed_is_said_and_never_taken_for_right(
    gone: str, reason: str, compared: int
) -> None:
    records = [each for each in stream() if each.event.account == "acme"][:40]
    rows = await served(records, ALL)
    found = replayed(records, rows, gone=[gone])
    assert dict(found.unchecked) == {reason: len(rows)}
    assert (found.rows > 0, found.differences) == (compared > 0, 0)


async def test_a_row_without_a_model_is_compared_in_its_features() -> None:
    records = stream()[:40]
    rows = await served(records, Versions(None, None, RULES))
    found = replayed(records, rows)
    assert (found.rows, found.differences) == (len(rows), 0)


async def test_a_card_that_is_older_than_the_lake_is_not_compared() -> None:
    records = stream()
    rows = await served(records, ALL)
    found = replayed(records[40:], [row for row in rows if row.position in {each.position for each in records[40:]}])
    assert found.differences == 0
    assert found.unchecked["a card that is older than the lake"] > 0


async def test_records_that_the_states_were_filled_with_count_and_those_never_read_do_not() -> None:
    records = stream()
    table = MemoryStates()
    before, behind = records[:45], records[45:]
    await served(before, Versions(model()), table)
    rows = await served(behind, ALL, table)
    last = before[-1].position
    reached = {
        str(last.shard_id): Reached(
            sequence_number=last.sequence_number, sub_sequence_number=last.sub_sequence_number
        )
    }
    filling = Filling(begin=FIRST, model=CHAMPION, reached=reached)
    found = replayed(records, rows, filling=filling)
    assert (found.rows, found.differences, dict(found.unchecked)) == (len(rows), 0, {})
    untrusted = replayed(records, rows, filling=filling.model_copy(update={"model": CHALLENGER}), gone=[CHALLENGER])
    assert untrusted.unchecked.total() == len(rows)
    rows = await served(behind, ALL)
    assert replayed(records, rows).differences == 0


async def test_a_card_on_two_shards_is_compared_with_what_its_scorer_had_seen() -> None:
    """Another worker folds a record on a wrong shard, without the newest records of the right one."""
    records = [each for each in stream() if each.event.account == "acme"][:60]
    card = records[0].event.card_id
    own = list({each.event.transaction_id: each for each in records if each.event.card_id == card}.values())
    wrong = own[4]._replace(position=replace(own[4].position, shard_id=ShardId("shardId-000000000009")))
    table = MemoryStates()
    first = await served([*own[:2]], ALL, table)
    beside = await served([wrong], ALL, MemoryStates(dict(table.items)))
    rows = [*first, *beside, *await served(own[2:4], ALL, table)]
    for order in ([*own[:4], wrong], [own[0], wrong, *own[1:4]]):
        found = replayed(order, rows)
        assert (found.rows, found.differences) == (5, 0)
    assert replayed([*own[:4], wrong], [*rows[:2], replace(rows[2], score=1_000), *rows[3:]]).differences == 1


async def test_a_reshard_and_late_records_leave_every_cell_the_same() -> None:
    """The second half of the stream stands on a child shard, and every tenth record was made days before it came."""
    parent, child = ShardId("shardId-000000000000"), ShardId("shardId-000000000001")
    records = []
    for number, each in enumerate(stream()):
        event = each.event
        if number % 10 == 0:
            event = event.model_copy(update={"occurred_at": after(event.occurred_at, days=-(number % 70))})
        shard = parent if number < ROWS // 2 else child
        records.append(each._replace(event=event, position=replace(each.position, shard_id=shard)))
    table, rows = MemoryStates(), list[ScoreRow]()
    for shard in (parent, child):
        rows += await served([each for each in records if each.position.shard_id == shard], ALL, table)
    found = replayed(records, rows)
    assert (found.rows, found.differences, dict(found.unchecked)) == (len(rows), 0, {})
