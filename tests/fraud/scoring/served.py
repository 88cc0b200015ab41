"""Scores as the drain serves them: a stream folded in flushes by shard, its rows by their places."""

import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fraud.observations.reading import observation_of
from fraud.records.score_row import ScoreRow
from fraud.scoring.fold import scored
from fraud.scoring.score_rows import row_of
from fraud.scoring.state_memory import StateMemory
from fraud.scoring.versions import Versions
from tests.fraud.scoring.memory_states import MemoryStates, retry
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import Position
from txn_core.transactions.event import Event
from txn_core.transactions.instants import Instant, instant_of


class Read(NamedTuple):
    """An event of the stream."""

    event: Event
    position: Position
    arrived_at: Instant


def read(records: Iterable[StreamRecord]) -> list[Read]:
    """The events of records."""
    return [Read(Event.decode(each.data), each.position, instant_of(each.arrived_at)) for each in records]


async def served(
    records: Sequence[Read], versions: Versions, table: MemoryStates | None = None, *, seed: int = 1
) -> list[ScoreRow]:
    """The rows of one shard's records. At times nothing of a flush is stored, and it is read once more."""
    table = table or MemoryStates()
    memory, rng, rows, at = StateMemory(table, retry), random.Random(seed), list[ScoreRow](), 0
    while at < len(records):
        batch = records[at : at + rng.randrange(1, 60)]
        await memory.load(observation_of(each.event) for each in batch)
        flush = []
        for each in batch:
            observation = observation_of(each.event)
            state = memory.state(observation)
            if state.covers(each.position) or (
                state.history is not None and state.history.knows(observation.transaction_id)
            ):
                continue
            verdict = scored(observation, state.history, versions, arrived_at=each.arrived_at)
            memory.enter(observation, verdict.stage1, each.position)
            flush.append(
                row_of(each.event, each.position, verdict, arrived_at=each.arrived_at, scored_at=each.arrived_at)
            )
        if rng.random() < 0.2:
            memory = StateMemory(table, retry)
            continue
        await memory.store_all()
        rows += flush
        at += len(batch)
    return rows
