"""States are filled from the lake up to where the archive has come, once, whoever is ended wherever."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import pytest
from devkit.lake_maker import ADVERSE, BEGIN, lake_of, made_bodies, write

from fraud.model.model import Model
from fraud.model.model_errors import ModelError
from fraud.scoring.filling import FILLING_KEY, Filling
from fraud.scoring.versions import Versions
from tests.fraud.scoring.made_models import CHAMPION, model
from tests.fraud.scoring.memory_states import MemoryStates
from tests.fraud.scoring.served import Read, read, served
from tests.support.memory_objects import MemoryObjects
from tests.support.memory_versions import MemoryVersions
from tests.workers.memory_table import MemoryTable
from txn_core.dynamodb.card_states import CardStateDocument
from txn_core.exceptions import StoreError
from txn_core.lake.columns import arrived_of
from txn_core.lake.parquet import read_parquet
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.instants import Instant
from workers.leases.lease import SHARD_END, Checkpoint, Lease, WorkerName
from workers.leases.shards import Shard
from workers.leases.stream_identity import StreamIdentity
from workers.score.state_bootstrap import StateBootstrap, Stream

OBJECTS: Final = lake_of(
    made_bodies(70, customers=5), replace(ADVERSE, late_shard=False), shards=2, rows_per_object=20
)
NOW: Final = BEGIN + timedelta(hours=1)
ENDED, OPEN = ShardId("shardId-000000000000"), ShardId("shardId-000000000001")
CHILD: Final = ShardId("shardId-000000000002")
STREAM: Final = Stream("txn", None, [Shard(ENDED, ()), Shard(OPEN, ()), Shard(CHILD, (ENDED,))])


class KilledError(Exception):
    """The process ended at a call."""


@dataclass
class Life:
    """Counts writes, and ends the process at one of them, before or behind its effect."""

    ends_at: int = 0
    behind: bool = False
    writes: int = 0

    async def write(self, call: Any) -> Any:
        """Carry a write out."""
        self.writes += 1
        if self.writes == self.ends_at and not self.behind:
            call.close()
            raise KilledError
        done = await call
        if self.writes == self.ends_at:
            raise KilledError
        return done


class Foldered(MemoryObjects):
    """Objects of which the folders can be listed."""

    async def folders(self, prefix: str) -> AsyncIterator[str]:
        inside = [key.removeprefix(prefix) for key in self.objects if key.startswith(prefix)]
        for name in sorted({key.partition("/")[0] for key in inside if "/" in key}):
            yield f"{prefix}{name}/"


class States(MemoryStates):
    """States whose writes count."""

    life = Life()

    async def put(self, key: str, document: CardStateDocument, seen_version: int | None) -> bool:
        return bool(await self.life.write(super().put(key, document, seen_version)))


class Leases(MemoryTable):
    """Leases whose writes count."""

    life = Life()

    async def create(self, lease: Lease) -> bool:
        return bool(await self.life.write(super().create(lease)))

    async def write(self, seen: Lease, wanted: Lease) -> bool:
        return bool(await self.life.write(super().write(seen, wanted)))


class Objects(MemoryVersions):
    """A bucket whose writes count."""

    writer = Life()

    async def put(self, key: str, body: bytes) -> None:
        await self.writer.write(super().put(key, body))


@dataclass
class Stores:
    """All stores."""

    store: Foldered = field(default_factory=Foldered)
    objects: Objects = field(default_factory=lambda: Objects("lake"))
    states: States = field(default_factory=States)
    leases: Leases = field(default_factory=Leases)
    archive: MemoryTable = field(default_factory=MemoryTable)

    def bootstrap(self, life: Life | None = None) -> StateBootstrap:
        """The filling, as one process runs it."""
        self.states.life = self.leases.life = self.objects.writer = life or Life()
        return StateBootstrap(
            self.store, self.objects, self.states, self.archive, self.leases, _model, flush_records=25
        )  # fmt: skip

    def content(self) -> tuple[dict[str, CardStateDocument], dict[ShardId, Checkpoint], bytes]:
        """What it comes to: states, checkpoints and the note."""
        states = {key: stored.document for key, stored in self.states.items.items()}
        rows = {row.shard_id: row.checkpoint for row in self.leases.stored.values()}
        return states, rows, self.objects.objects[FILLING_KEY].body


async def _model(model_id: str) -> Model:
    if model_id != CHAMPION:
        raise ModelError(f"there is no model {model_id}")
    return model()


def shards() -> dict[ShardId, list[Read]]:
    """The records of the lake by shard, in its order."""
    found: dict[ShardId, list[Read]] = {}
    for each in read(row for lake in OBJECTS for row in arrived_of(read_parquet(lake.body))):
        found.setdefault(each.position.shard_id, []).append(each)
    return {shard: sorted(records, key=lambda each: each.position.within_shard()) for shard, records in found.items()}


RECORDS: Final = shards()
REACHED: Final = RECORDS[OPEN][len(RECORDS[OPEN]) * 2 // 3].position
"""The archive's checkpoint of the shard that is open; the lake holds more by now."""


async def made() -> Stores:
    """A world with a lake and an archive."""
    world = Stores()
    await write(OBJECTS, world.store)
    world.archive.stored |= {
        ENDED: Lease(shard_id=ENDED, checkpoint=Checkpoint(SHARD_END)),
        OPEN: Lease(shard_id=OPEN, checkpoint=Checkpoint.at(REACHED)),
        CHILD: Lease(shard_id=CHILD, parents=(ENDED,)),
    }
    return world


def covered() -> list[Read]:
    """The records up to the archive's checkpoints."""
    open_ = [each for each in RECORDS[OPEN] if each.position.within_shard() <= REACHED.within_shard()]
    return [*RECORDS[ENDED], *open_]


async def test_states_are_those_of_a_scorer_that_was_there_all_along() -> None:
    world = await made()
    filled = await world.bootstrap().run(CHAMPION, STREAM, NOW)
    plain = MemoryStates()
    rows = [row for records in (RECORDS[ENDED], covered()[len(RECORDS[ENDED]) :])
            for row in await served(records, Versions(model()), plain)]  # fmt: skip
    assert {key: stored.document for key, stored in world.states.items.items()} == {
        key: stored.document for key, stored in plain.items.items()
    }
    assert filled.records == len(rows) < len(covered())
    assert world.content()[1] == {ENDED: Checkpoint(SHARD_END), OPEN: Checkpoint.at(REACHED)}
    assert all(row.owner is None for row in world.leases.stored.values())
    note = Filling.model_validate_json(world.content()[2])
    assert note == filled.filling
    assert all(note.has(each.position, each.arrived_at) for each in covered())
    assert not note.has(RECORDS[OPEN][-1].position, RECORDS[OPEN][-1].arrived_at)


async def test_done_once_more_it_changes_nothing() -> None:
    world = await made()
    await world.bootstrap().run(CHAMPION, STREAM, NOW)
    before, life = world.content(), Life()
    again = await world.bootstrap(life).run(None, STREAM, NOW + timedelta(days=3))
    assert (again.records, life.writes, world.content()) == (0, 0, before)


async def test_ended_at_any_write_the_next_run_completes_it() -> None:
    whole, life = await made(), Life()
    await whole.bootstrap(life).run(CHAMPION, STREAM, NOW)
    assert life.writes > len(whole.states.items) + 3
    for ends_at in range(1, life.writes + 1):
        is_at_an_end = not 3 < ends_at < life.writes - 2
        for behind in (False, True) if is_at_an_end else (ends_at % 2 == 0,):
            world = await made()
            with pytest.raises(KilledError):
                await world.bootstrap(Life(ends_at, behind)).run(CHAMPION, STREAM, NOW)
            wanted, now = CHAMPION, NOW
            if FILLING_KEY in world.objects.objects:  # meanwhile the archive goes on, and another model is wanted
                last = RECORDS[OPEN][-1].position
                world.archive.stored[OPEN] = Lease(shard_id=OPEN, checkpoint=Checkpoint.at(last))
                wanted, now = "mdl_" + "0" * 32, NOW + timedelta(minutes=1)
            await world.bootstrap().run(wanted, STREAM, now)
            assert world.content() == whole.content(), (ends_at, behind)


async def test_a_note_of_long_ago_is_taken_for_none() -> None:
    world = await made()
    with pytest.raises(KilledError):
        await world.bootstrap(Life(1, behind=True)).run(CHAMPION, STREAM, NOW - timedelta(days=2))
    filled = await world.bootstrap().run(CHAMPION, STREAM, NOW)
    assert filled.filling.begin > "2025-11-25"
    assert world.content() == await _content_of_a_plain_run()


async def _content_of_a_plain_run() -> Any:
    world = await made()
    await world.bootstrap().run(CHAMPION, STREAM, NOW)
    return world.content()


async def test_rows_that_a_worker_has_made_and_left_begin_behind_the_states() -> None:
    world = await made()
    for shard in (ENDED, OPEN, CHILD):
        world.leases.stored[shard] = Lease(shard_id=shard, counter=7)
    await world.bootstrap().run(CHAMPION, STREAM, NOW)
    rows = world.leases.stored
    assert [rows[shard].checkpoint for shard in (ENDED, OPEN, CHILD)] == [
        Checkpoint(SHARD_END), Checkpoint.at(REACHED), Checkpoint(),
    ]  # fmt: skip


async def test_a_state_that_covers_more_is_left() -> None:
    world = await made()
    await served([*RECORDS[ENDED]], Versions(model()), world.states)
    before = dict(world.states.items)
    await world.bootstrap().run(CHAMPION, STREAM, NOW)
    one = next(key for key, stored in before.items() if OPEN not in stored.document.applied)
    assert world.states.items[one] == before[one]


async def test_without_a_model_histories_are_filled_and_have_no_log_odds() -> None:
    world = await made()
    filled = await world.bootstrap().run(None, STREAM, NOW)
    assert (filled.records > 0, filled.filling.model) == (True, None)


async def test_it_refuses_without_an_archive_and_behind_a_scorer() -> None:
    world = await made()
    with pytest.raises(ModelError):
        await world.bootstrap().run("mdl_" + "0" * 32, STREAM, NOW)
    assert not world.states.items
    for begun in (
        Lease(shard_id=OPEN, checkpoint=Checkpoint.at(Position(OPEN, SequenceNumber("1")))),
        Lease(shard_id=CHILD, checkpoint=Checkpoint.at(REACHED)),
        Lease(shard_id=OPEN, owner=WorkerName("somebody")),
    ):
        world.leases.stored = {begun.shard_id: begun}
        with pytest.raises(StoreError, match="begun already: stop it and delete"):
            await world.bootstrap().run(CHAMPION, STREAM, NOW)
    world.leases.stored = {}
    world.archive.stored = {}
    with pytest.raises(StoreError, match="run `txn worker archive`"):
        await world.bootstrap().run(CHAMPION, STREAM, NOW)
    assert not world.states.items


async def test_it_refuses_the_archive_of_another_stream() -> None:
    world = await made()
    arn = "arn:aws:kinesis:::stream/txn"
    other, present = (StreamIdentity(arn, Instant(f"2026-01-0{day}T00:00:00.000000Z")) for day in (1, 2))
    world.archive.stored[OPEN] = world.archive.stored[OPEN].marked(other)
    with pytest.raises(StoreError, match="txn leases reset"):
        await world.bootstrap().run(CHAMPION, replace(STREAM, identity=present), NOW)


async def test_who_meets_another_filling_gives_way() -> None:
    world = await made()
    bootstrap = world.bootstrap()
    note = Filling(begin="2025-01-01T00:00:00.000000Z", model=None, reached={})  # type: ignore[arg-type]

    async def meddling(model_id: str) -> Model:
        await MemoryVersions.put(world.objects, FILLING_KEY, note.model_dump_json().encode())
        return await _model(model_id)

    with pytest.raises(StoreError, match="another filling"):
        await replace(bootstrap, model=meddling).run(CHAMPION, STREAM, NOW)
    assert not world.leases.stored
