"""Transactions a CPU second of the scorer's processor, from aggregated records to a checkpoint.

In each round a fresh processor scores as many records as a flush takes. Every card has the past of a horizon. The
`shared` rows are those of a few hundred cards in the order of time, so that a card comes again and again within a
flush; the `apart` rows are of a card each, whose state is read, unpacked, packed and written for that row alone.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.drains.fetched import ACCOUNT, fetched
from bench.scorer.counting_client import CountingClient
from bench.scorer.free_stores import SHARD, FreeScorer, free_settings, usual_versions
from bench.scorer.simulated import events
from bench.write_path.results import Result, at_least, compared, tell
from txn_core.drains import SCORE
from txn_core.dynamodb.tables import TableNames
from txn_core.kinesis.record_batch import RecordBatch
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.identity import CardId
from workers.reading.read_position import records_of
from workers.reading.reader import Batch

CARDS: Final = 300
PAST: Final = 24_000
"""Rows of these cards in 38 days."""
ROWS: Final = 5_000
TAKEN: Final = 1_000
"""Records that one read gives."""
FLOOR_PER_S: Final = 2_500.0


@dataclass(frozen=True, slots=True)
class Rows:
    """Records, and the tables that the scorer finds."""

    records: RecordBatch
    client: CountingClient


def measure(rounds: int) -> list[Result]:
    """Both kinds of rows in turn, after a round that does not count."""
    with free_settings() as settings:
        return asyncio.run(_measure(settings, rounds))


async def _measure(settings: Settings, rounds: int) -> list[Result]:
    versions, kinds = usual_versions(), await made_rows(settings)
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(rounds + 1):
        for kind, rows in kinds.items():
            scorer = FreeScorer(settings, rows.client.copied(), versions)
            rates[kind].append(len(rows.records) / await scored_s(scorer, rows.records))
            tell(f"speed, round {number}, {kind}: {rates[kind][-1]:,.0f}/s")
    return [
        compared(
            f"transactions a CPU second with 50 rules, {kind}",
            found[1:],
            [FLOOR_PER_S] * rounds,
            at_least(1),
            by="CPU",
        )
        for kind, found in rates.items()
    ]


async def scored_s(scorer: FreeScorer, records: RecordBatch) -> float:
    """The CPU seconds of all threads for these records."""
    processor = scorer.processor()
    began = time.process_time()
    for start in range(0, len(records), TAKEN):
        await processor.take(Batch(records[start : start + TAKEN], at_tip=False, ended=False))
    await processor.finish()
    return time.process_time() - began


async def made_rows(settings: Settings, *, past: int = PAST, rows: int = ROWS, cards: int = CARDS) -> dict[str, Rows]:
    """Rows of both kinds."""
    made = events(past + rows, cards=cards, name="speed")
    records, before = _records(made), FreeScorer(settings)
    await scored_s(before, records[:past])
    table = TableNames.of(settings).of_drain(SCORE.name, SCORE.tables[0].name)
    apart, states = list[bytes](), dict[str, Any]()
    for data, state in _apart(made[past:], before.client.tables[table]):
        apart.append(data)
        states[state["card"]["S"]] = state
    shared = Rows(records[past:], before.client)
    client = before.client.copied()
    client.tables[table] = states
    return {"shared": shared, "apart": Rows(_records(apart), client)}


def _apart(made: Sequence[bytes], states: dict[str, Any]) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The same events, each of a card of its own, and the state of that card: a copy of what it is a copy of."""
    for number, data in enumerate(made):
        card = Event.decode(data).card_id
        own = CardId(f"{card[:-8]}{number:08x}")
        state = states.get(f"{ACCOUNT}#{card}")
        if state is not None:
            yield (
                data.replace(card.encode(), own.encode()),
                {**state, "card": {"S": f"{ACCOUNT}#{own}"}, "applied": {"M": {}}},
            )


def _records(made: Sequence[bytes]) -> RecordBatch:
    return records_of(SHARD, fetched(made))
