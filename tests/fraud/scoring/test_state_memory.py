"""Each record is entered once, `applied` never falls, nothing is lost: whoever writes beside, and whatever fails."""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Final, NamedTuple

import pytest

from fraud.history.card_history import CardHistory
from fraud.observations.observation import Observation
from fraud.scoring.card_state import CardState
from fraud.scoring.state_memory import StateMemory, state_key
from tests.builders import position
from tests.fraud.observed import BEGIN_S, observation
from tests.fraud.scoring.memory_states import KilledError, MemoryStates, retry
from txn_core.dynamodb.card_states import CardStateDocument, StoredCardState
from txn_core.positions import Position, ShardId

CARD: Final = observation().card_id
OLD, NEW = "card_1_" + "c" * 32, "card_2_" + "d" * 32
KEY: Final = state_key("acc_one", CARD)
MODEL: Final = "mdl_1"


class Record(NamedTuple):
    """A record at its place."""

    observation: Observation
    position: Position


def record(number: int, shard: str = "one", **changes: object) -> Record:
    """A purchase at a place of a shard."""
    made = observation(BEGIN_S + number, transaction_id=f"{shard}-{number}")
    return Record(replace(made, **changes), position(number, shard_id=ShardId(shard)))  # type: ignore[arg-type]


async def fold(memory: StateMemory, records: Iterable[Record]) -> list[int]:
    """Enter what is not covered as the drain does, each record with the number of priors; gives those numbers."""
    batch = list(records)
    await memory.load(each.observation for each in batch)
    given = []
    for seen, at in batch:
        state = memory.state(seen)
        if state.history is None or state.covers(at) or state.history.knows(seen.transaction_id):
            continue
        given.append(len(state.history.times))
        memory.enter(seen, {MODEL: len(state.history.times)}, at)
    return given


def stored(table: MemoryStates, key: str = KEY) -> CardHistory:
    """The history that the table has of a card."""
    history = CardState.of(table.items[key]).history
    assert history is not None
    return history


async def test_a_state_is_read_once_written_once_a_flush_and_found_by_the_next_holder() -> None:
    table = MemoryStates()
    memory = StateMemory(table, retry)
    for start in (1, 4):
        assert await fold(memory, [record(start + at) for at in range(3)]) == [start - 1 + at for at in range(3)]
        assert memory.pending == 1
        await memory.store_all()
        assert memory.pending == 0
    assert (table.reads, table.writes, table.items[KEY].version) == (1, 2, 1)
    successor = StateMemory(table, retry)
    assert await fold(successor, [record(at) for at in range(1, 9)]) == [6, 7]
    assert stored(table).log_odds[MODEL].tolist() == [0, 1, 2, 3, 4, 5]


async def test_only_what_was_changed_is_written() -> None:
    table = MemoryStates()
    await _stored(table, record(1))
    memory = StateMemory(table, retry)
    assert await fold(memory, [record(1)]) == []
    await memory.store_all()
    assert table.writes == 1


async def _stored(table: MemoryStates, *records: Record) -> None:
    memory = StateMemory(table, retry)
    await fold(memory, records)
    await memory.store_all()


async def test_two_shards_that_hold_one_card_keep_the_scores_that_each_gave() -> None:
    table = MemoryStates()
    one, two = StateMemory(table, retry), StateMemory(table, retry)
    await fold(one, [record(1), record(2)])
    await fold(two, [record(3, "two"), record(4, "two"), record(2, "two", transaction_id="one-2")])
    await one.store_all()
    await two.store_all()
    assert (one.conflicts, two.conflicts) == (0, 1)
    assert stored(table).log_odds[MODEL].tolist() == [0, 1, 0, 1]
    assert CardState.of(table.items[KEY]).applied == {"one": (2, 0), "two": (2, 0)} | {"two": (4, 0)}
    assert await fold(one, [record(5)]) == [2]
    await one.store_all()
    assert stored(table).log_odds[MODEL].tolist() == [0, 1, 0, 1, 2]


async def test_who_lost_the_lease_writes_nothing_over_its_successor() -> None:
    table = MemoryStates()
    zombie, successor = StateMemory(table, retry), StateMemory(table, retry)
    await fold(zombie, [record(1), record(2)])
    await fold(successor, [record(1), record(2), record(3)])
    await successor.store_all()
    before = dict(table.items)
    await zombie.store_all()
    assert table.items == before
    assert zombie.conflicts == 0
    assert await fold(zombie, [record(3), record(4)]) == [3]


@pytest.mark.parametrize("seed", range(12))
async def test_a_storm_of_two_shards_lost_answers_and_ends(seed: int) -> None:
    """An oracle counts: each record once, `applied` up to the last one of each shard, and never back."""
    rng = random.Random(seed)
    table = _Watched(rng=rng)
    cards = [f"card_1_{card:032x}" for card in range(3)]
    numbers = count(1)
    shards = {
        shard: [record(next(numbers), shard, card_id=rng.choice(cards)) for _ in range(40)]
        for shard in ("one", "two")
    }
    await asyncio.gather(
        *(_drain(table, records, random.Random(f"{seed} {shard}")) for shard, records in shards.items())
    )
    for card in cards:
        key = state_key("acc_one", card)
        wanted = [each for records in shards.values() for each in records if each.observation.card_id == card]
        history = stored(table, key)
        assert history.times.tolist() == sorted(each.observation.occurred_at_s for each in wanted)
        assert history.purchases_ever == len(wanted)
        last = {each.position.shard_id: each.position.within_shard() for each in wanted}
        assert CardState.of(table.items[key]).applied == last
        assert not set(history.log_odds[MODEL]) & {-(2**15)}


class _Watched(MemoryStates):
    """Refuses an `applied` that falls or is forgotten."""

    def _put(self, key: str, document: CardStateDocument, seen_version: int | None) -> bool:
        before = CardState.of(self.items[key]).applied if key in self.items else {}
        after = CardState.of(StoredCardState(document, 0)).applied
        done = super()._put(key, document, seen_version)
        assert not done or all(after[shard] >= place for shard, place in before.items())
        return done


async def _drain(table: MemoryStates, records: list[Record], rng: random.Random) -> None:
    """Flush some at a time, and go on meanwhile; sometimes end before the checkpoint, and begin again there."""
    checkpoint, memory = 0, StateMemory(table, retry, rng.choice((600, 10**6)))
    while checkpoint < len(records):
        size = rng.randrange(1, 9)
        await fold(memory, records[checkpoint : checkpoint + size])
        if rng.random() < 0.2:
            memory = StateMemory(table, retry)
            continue
        memory.freeze()
        storing = asyncio.create_task(memory.store_frozen())
        for at in range(checkpoint + size, checkpoint + size + rng.randrange(9)):
            await fold(memory, records[at : at + 1])
            await asyncio.sleep(0)
        await storing
        if rng.random() < 0.2:
            memory.abandon()
            continue
        checkpoint += size


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("killed_at", [1, 2, 3])
async def test_killed_at_any_write_the_successor_gives_the_same_scores(killed_at: int, *, carried_out: bool) -> None:
    """Also under a new card key, whose first record copies the older id's state as it was before that record."""
    batch = [
        record(1, card_id=OLD), record(2, card_id=NEW, card_aliases=(OLD,)), record(3, card_id=OLD),
        record(4, card_id=NEW, card_aliases=(OLD,)), record(5),
    ]  # fmt: skip
    whole = MemoryStates()
    assert await fold(StateMemory(whole, retry), batch) == [0, 1, 1, 2, 0]
    await _stored(whole, *batch)
    table = MemoryStates(killed_at=killed_at, carried_out=carried_out)
    with pytest.raises(KilledError):
        await _stored(table, *batch)
    await _stored(table, *batch)
    assert {key: (it.document, it.version) for key, it in table.items.items()} == {
        key: (it.document, it.version) for key, it in whole.items.items()
    }


async def test_a_newer_key_finds_the_history_of_the_newest_older_one_in_the_table() -> None:
    table = MemoryStates()
    await _stored(table, record(1, card_id=OLD), record(2, card_id=OLD))
    older = "card_1_" + "e" * 32
    assert await fold(StateMemory(table, retry), [record(3, card_id=NEW, card_aliases=(older, OLD))]) == [2]
    memory = StateMemory(table, retry)
    await fold(memory, [record(3, card_id=NEW, card_aliases=(OLD,))])
    await memory.store_all()
    copied = table.items[state_key("acc_one", NEW)]
    assert (copied.version, CardState.of(copied).applied) == (0, {"one": (3, 0)})
    assert len(stored(table, state_key("acc_one", OLD)).times) == 2


async def test_a_damaged_state_is_left_as_it_is_and_counted() -> None:
    damaged = StoredCardState(CardStateDocument(b"garbage", {}), 5)
    table = MemoryStates({KEY: damaged})
    memory = StateMemory(table, retry)
    other = record(2, card_id=OLD)
    await fold(memory, [record(1), other])
    assert memory.state(record(1).observation).history is None
    memory.enter(record(1).observation, {}, record(1).position)
    await memory.store_all()
    assert (table.items[KEY], memory.unreadable) == (damaged, 1)
    assert len(stored(table, state_key("acc_one", OLD)).times) == 1


async def test_a_state_that_was_damaged_or_deleted_meanwhile() -> None:
    """A damaged one is left; one that is gone is written again with all that is known here."""
    table = MemoryStates()
    await _stored(table, record(1))
    memory, second = StateMemory(table, retry), StateMemory(table, retry)
    await fold(memory, [record(2)])
    await fold(second, [record(2)])
    del table.items[KEY]
    await memory.store_all()
    assert len(stored(table).times) == 2
    table.items[KEY] = damaged = StoredCardState(CardStateDocument(b"", {}), 9)
    await second.store_all()
    assert (table.items[KEY], second.unreadable) == (damaged, 1)


async def test_packed_states_are_bounded_and_those_used_last_stay() -> None:
    table = MemoryStates()
    memory = StateMemory(table, retry, bytes_max=1_500)
    cards = [f"card_1_{card:032x}" for card in range(4)]
    for number, card in enumerate(cards, 1):
        await fold(memory, [record(number, card_id=card)])
        await memory.store_all()
    reads = table.reads
    await fold(memory, [record(9, card_id=cards[-1])])
    assert table.reads == reads
    await fold(memory, [record(10, card_id=cards[0])])
    assert table.reads == reads + 1


async def test_a_state_that_was_not_loaded_is_no_empty_one() -> None:
    memory = StateMemory(MemoryStates(), retry)
    with pytest.raises(KeyError):
        memory.state(observation())
