"""Write units of a score: the item of `txn-scores` and the state of its card, at the rates of the rows.

The rows flow as their times say, and a flush is 10 s: a card that buys twice within a flush is written once. Rows
count once their cards have the past of a whole horizon, since a younger history is a smaller item.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any, Final, TypeVar, cast

from bench.drains.fetched import encoded
from bench.scorer.counting_client import CountingClient, Tally
from bench.scorer.free_stores import SHARD, usual_versions
from bench.scorer.sample import sample_bodies
from bench.write_path.results import Result, counted
from fraud.history.card_history import HORIZON_S
from fraud.observations.observation import Observation
from fraud.observations.reading import observation_of
from fraud.scoring.fold import scored
from fraud.scoring.score_rows import item_of, row_of
from fraud.scoring.state_memory import StateMemory, state_key
from fraud.scoring.versions import Versions
from txn_core.dynamodb.card_states import CardStateTable
from txn_core.dynamodb.review.scores import ScoreTable
from txn_core.positions import Position, SequenceNumber
from txn_core.transactions.event import Event

FLUSH_S: Final = 10
UNITS_MAX: Final = 3
SCORE_BYTES_MAX: Final = 200
HISTORY_BYTES_MAX: Final = 4_096
CARDS_IN: Final = 8
"""Every eighth card of the sample with all its rows: the bytes of a state are those of its own card."""
STATES: Final = "card-state"
SCORES: Final = "scores"
_Record = tuple[Event, Position, Observation]
T = TypeVar("T")
_FIRST: Final = 49590338271490256608559692538361571095921575989136588898  # as long as those of AWS


@dataclass(slots=True)
class Writing:
    """A scorer without a stream: folds events, and writes to a counting client."""

    client: CountingClient = field(default_factory=CountingClient)
    versions: Versions = field(default_factory=usual_versions)
    transactions: int = 0
    histories: list[int] = field(default_factory=list)

    async def write(self, bodies: Iterable[bytes]) -> None:
        """Score these rows, flush by flush."""
        scores = ScoreTable(cast("Any", self.client), SCORES)
        memory = StateMemory(CardStateTable(cast("Any", self.client), STATES), _at_once)
        counts_from: int | None = None
        for _, flush in groupby(_numbered(bodies), key=lambda each: each[2].occurred_at_s // FLUSH_S):
            records = list(flush)
            at_s = records[0][2].occurred_at_s
            counts_from = at_s + HORIZON_S if counts_from is None else counts_from
            self.client.counts = at_s >= counts_from
            await memory.load(observation for _, _, observation in records)
            for event, position, observation in records:
                history = memory.state(observation).history
                verdict = scored(observation, history, self.versions, arrived_at=event.occurred_at)
                memory.enter(observation, verdict.stage1, position)
                row = row_of(event, position, verdict, arrived_at=event.occurred_at, scored_at=event.occurred_at)
                await scores.put_all([item_of(row)])
            await memory.store_all()
            if self.client.counts:
                self._note(records)

    def _note(self, records: Sequence[_Record]) -> None:
        self.transactions += len(records)
        for key in {state_key(observation.account, observation.card_id) for _, _, observation in records}:
            self.histories.append(len(self.client.tables[STATES][key]["history"]["B"]))

    @property
    def states(self) -> Tally:
        """What was written of states."""
        return self.client.tallies[STATES]

    @property
    def scores(self) -> Tally:
        """What was written of scores."""
        return self.client.tallies[SCORES]

    def results(self, of: str) -> list[Result]:
        """Units a transaction and bytes a score, against their bars."""
        ours, state_units = self.states.units + self.scores.units, self.states.units / self.transactions
        return [
            counted(f"write units a transaction, {of}", ours / self.transactions, UNITS_MAX),
            counted("of them for the card's state, one a card and flush", state_units, UNITS_MAX, None),
            counted("bytes of an item of txn-scores", self.scores.bytes / self.scores.items, SCORE_BYTES_MAX),
            counted("bytes of a packed history, p99", self.history_bytes(0.99), HISTORY_BYTES_MAX),
            counted("the same, p50", self.history_bytes(0.5), HISTORY_BYTES_MAX, None),
        ]

    def history_bytes(self, part: float) -> int:
        """The bytes that so large a part of the histories that were written have at most."""
        ordered = sorted(self.histories)
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def measure() -> list[Result]:
    """An eighth of the sample's cards."""
    writing = written_sample()
    return writing.results(f"{writing.transactions:,} rows of the sample")


@cache
def written_sample() -> Writing:
    """What was written of an eighth of the sample's cards."""
    writing = Writing()
    asyncio.run(writing.write(sample_bodies(one_card_in=CARDS_IN)))
    return writing


def _numbered(bodies: Iterable[bytes]) -> Iterator[_Record]:
    for number, body in enumerate(bodies):
        event = Event.decode(encoded(body))
        yield event, Position(SHARD, SequenceNumber(str(_FIRST + number)), 0), observation_of(event)


async def _at_once(_: str, call: Callable[[], Awaitable[T]], /) -> T:
    return await call()
