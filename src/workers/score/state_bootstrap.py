"""The first filling of card states: from the raw lake, up to where the archive has come, before the scorer begins.

Each record is entered in the order of the stream, with the log-odds of the wanted model's first stage, and gets no
score. A note in the bucket (`fraud.scoring.filling`) is written first, the states after it, the scorer's leases last.
Whoever is ended in between begins again under the same note: what a state covers is left.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from fraud.history.card_history import HORIZON_S
from fraud.model.model import Model
from fraud.observations.observation import Observation
from fraud.observations.raw_lake import COLUMNS, observations_of
from fraud.scoring.filling import FILLING_KEY, Filling, Reached
from fraud.scoring.fold import scored
from fraud.scoring.state_memory import CardStates, StateMemory
from fraud.scoring.versions import Versions
from txn_core.aws.objects import ObjectStore
from txn_core.aws.retry import Retry
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.exceptions import StoreError
from txn_core.lake.layout import RAW_PREFIX
from txn_core.positions import Position, ShardId
from txn_core.transactions.instants import EARLIEST, datetime_of, instant_of
from workers.leases.belonging import belonging, told
from workers.leases.lease import Checkpoint, Lease
from workers.leases.shards import Shard
from workers.leases.stream_identity import StreamIdentity
from workers.leases.table import LeaseTable
from workers.retries import retry_outages

HORIZON: Final = timedelta(seconds=HORIZON_S)
NOTE_AGE_MAX: Final = timedelta(days=1)
"""Of a note under which no lease was written yet; the archive is far ahead of an older one."""
FLUSH_RECORDS: Final = 20_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stream:
    """The stream that the scorer is to read: which one it is, where that is known, and its shards."""

    name: str
    identity: StreamIdentity | None
    shards: Sequence[Shard]


@dataclass(frozen=True, slots=True)
class Filled:
    """How many records were entered now, and up to where the states reach."""

    records: int
    filling: Filling


@dataclass(frozen=True, slots=True)
class StateBootstrap:
    """The stores that states are filled from and into.

    `model` loads the model of an id. `archive` and `leases` are the rows of the archive and of the scorer.
    """

    store: ObjectStore
    objects: VersionedObjects
    states: CardStates
    archive: LeaseTable
    leases: LeaseTable
    model: Callable[[str], Awaitable[Model]]
    retry: Retry = retry_outages
    flush_records: int = FLUSH_RECORDS

    async def run(self, wanted: str | None, stream: Stream, now: datetime) -> Filled:
        """Fill the states, and let the scorer begin behind them. Done once more it changes nothing.

        Args:
            wanted: the id of the model that is to score; None for none.
            stream: what the scorer is to read.
            now: the lake is read from 37 days before.

        Raises:
            StoreError: the archive has no leases of this stream, the scorer has begun already, or another filling
                goes on at the same time.
            ModelError: the model cannot be loaded.
        """
        filling, is_done = await self._agreed(wanted, stream, now)
        if is_done:
            return Filled(0, filling)
        records = await self._fill(filling, now)
        if await self._note() != filling:
            raise StoreError("another filling of the card states has begun meanwhile: let it end, and run it again")
        await self._lease(filling, stream)
        _log.info("card_states_filled", records=records, shards=len(filling.reached))
        return Filled(records, filling)

    async def _agreed(self, wanted: str | None, stream: Stream, now: datetime) -> tuple[Filling, bool]:
        """The note that counts, and whether all was done under it before."""
        archived = await self.retry("archive leases", self.archive.rows)
        _refuse_foreign(archived, stream, "archive")
        if not archived:
            raise StoreError(
                "the archive has no leases, so nobody knows where the lake ends: run `txn worker archive`"
            )
        rows = await self.retry("leases", self.leases.rows)
        _refuse_foreign(rows, stream, "score")
        note = await self._note()
        begun = {row.shard_id: row.checkpoint for row in rows if row.checkpoint != Checkpoint()}
        if any(row.owner is not None or row.plan is not None for row in rows) or not _is_ours(begun, note):
            raise StoreError(
                "the scorer has begun already: stop it and delete its tables (-score-leases, -score-ledger and "
                "-card-state), run `txn bootstrap`, and fill the states then"
            )
        if note is not None and begun:
            wanted_rows = {shard.shard_id for shard in stream.shards} & note.reached.keys()
            return note, wanted_rows <= begun.keys()
        if note is not None and now - HORIZON - datetime_of(note.begin) <= NOTE_AGE_MAX:
            return note, False
        reached = {
            str(row.shard_id): Reached(
                sequence_number=row.checkpoint.sequence_number,
                sub_sequence_number=row.checkpoint.sub_sequence_number,
            )
            for row in archived
            if row.checkpoint.shard_ended or row.checkpoint.position(row.shard_id) is not None
        }
        filling = Filling(begin=instant_of(max(now - HORIZON, EARLIEST)), model=wanted, reached=reached)
        await self.retry("filling", partial(self.objects.put, FILLING_KEY, filling.model_dump_json().encode()))
        return filling, False

    async def _note(self) -> Filling | None:
        loaded = await self.retry("filling", partial(self.objects.load, FILLING_KEY))
        return None if loaded is None else Filling.model_validate_json(loaded.body)

    async def _fill(self, filling: Filling, now: datetime) -> int:
        from txn_core.lake.stream_objects import (  # noqa: PLC0415 - the extra `lake`
            POSITION_COLUMNS,
            positions_of,
            stream_tables,
        )

        versions = Versions(None if filling.model is None else await self.model(filling.model))
        memory, entered, waiting = StateMemory(self.states, self.retry), 0, 0
        columns = (*COLUMNS, *POSITION_COLUMNS, "arrived_at")
        async for table in stream_tables(self.store, RAW_PREFIX, datetime_of(filling.begin), now, columns):
            arrivals: list[datetime] = table["arrived_at"].to_pylist()
            rows = zip(observations_of(table), positions_of(table), arrivals, strict=True)
            batch = [(seen, at) for seen, at, arrived in rows if filling.has(at, instant_of(arrived))]
            await memory.load(seen for seen, _ in batch)
            entered += _entered(batch, memory, versions)
            if (waiting := waiting + len(batch)) >= self.flush_records:
                await memory.store_all()
                waiting = 0
        await memory.store_all()
        return entered

    async def _lease(self, filling: Filling, stream: Stream) -> None:
        """Rows for the shards that are in the states; parents first, as a child without its parent's row is read."""
        for shard in sorted(stream.shards, key=lambda shard: shard.shard_id):
            if (reached := filling.reached.get(shard.shard_id)) is None:
                continue
            row = Lease(
                shard_id=shard.shard_id,
                parents=shard.parents,
                hash_keys=shard.hash_keys,
                checkpoint=Checkpoint(reached.sequence_number, reached.sub_sequence_number),
                stream=stream.identity,
            )
            if await self.retry("lease", partial(self.leases.create, row)):
                continue
            seen = await self.retry("lease", partial(self.leases.row, shard.shard_id))
            if seen is None or seen.checkpoint not in {row.checkpoint, Checkpoint()}:
                raise StoreError("a scorer has begun meanwhile: stop it, and run this again")
            if seen.checkpoint == Checkpoint():
                await self._move(seen, row.checkpoint)

    async def _move(self, seen: Lease, to: Checkpoint) -> None:
        """Let a row that is there begin at a checkpoint, while nobody has it."""
        position = to.position(seen.shard_id)
        moved = seen.ended() if position is None else seen.advanced(position)
        if not await self.retry("lease", partial(self.leases.write, seen, moved)):
            after = await self.retry("lease", partial(self.leases.row, seen.shard_id))
            if after != moved:  # else the answer was lost
                raise StoreError("a scorer has begun meanwhile: stop it, and run this again")


def _entered(batch: Sequence[tuple[Observation, Position]], memory: StateMemory, versions: Versions) -> int:
    """Enter the records of a batch that are not covered and not known; gives how many they were."""
    entered = 0
    for observation, position in batch:
        state = memory.state(observation)
        if state.history is None or state.covers(position) or state.history.knows(observation.transaction_id):
            continue
        verdict = scored(observation, state.history, versions, arrived_at=instant_of(EARLIEST))
        memory.enter(observation, verdict.stage1, position)
        entered += 1
    return entered


def _is_ours(begun: Mapping[ShardId, Checkpoint], note: Filling | None) -> bool:
    """Whether checkpoints of the scorer are those that a filling has set."""
    reached = {} if note is None else note.reached
    return all(
        shard in reached
        and (reached[shard].sequence_number, reached[shard].sub_sequence_number)
        == (at.sequence_number, at.sub_sequence_number)
        for shard, at in begun.items()
    )


def _refuse_foreign(rows: Collection[Lease], stream: Stream, kind: str) -> None:
    if stream.identity is None:
        return
    if amiss := told(belonging(rows, stream.shards, stream.identity), kind, stream.name):
        raise StoreError(amiss)
