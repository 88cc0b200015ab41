"""One looks for all: however many ask, and whatever becomes of who looks."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast
from unittest.mock import patch

import pytest
from structlog.testing import capture_logs

from operations.drains import drain_watch
from operations.drains.drain_reading import DrainReader, DrainReading
from operations.drains.drain_watch import DrainWatch
from operations.drains.shared_looks import SharedLookTable
from operations.shapes import DrainFigures
from tests.txn_api.asgi import until
from txn_core.aws.clients import Aws
from txn_core.drains import DrainDefinition
from txn_core.settings import Settings
from txn_core.transactions.instants import instant_of
from workers.leases.stream_identity import StreamIdentity

PAUSE_S = 600.0


@dataclass
class CountedReader:
    """A reader that counts how often each drain was read."""

    settings: Settings
    fault: Exception | None = None
    reads: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    async def identity(self, stream: str) -> StreamIdentity | None:
        return None

    async def read(self, drain: DrainDefinition, identity: StreamIdentity | None) -> DrainReading:
        self.reads += 1
        await asyncio.sleep(0)
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        return DrainReading(drain, ())


@pytest.fixture
async def looks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SharedLookTable]:
    """A table for looks that nobody else has."""
    monkeypatch.setattr(drain_watch, "look_pause_s", lambda _: PAUSE_S)
    name = f"{settings.table_prefix}-looks"
    async with Aws(settings).dynamodb() as client:
        await client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        await client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        yield SharedLookTable(client, name)


def watch(looks: SharedLookTable, reader: CountedReader) -> DrainWatch:
    """The watch of one process."""
    return DrainWatch(cast("DrainReader", reader), looks)


async def test_of_many_processes_one_looks(looks: SharedLookTable, settings: Settings) -> None:
    """Those that ask meanwhile have nothing yet; whoever asks later has what was seen."""
    readers = [CountedReader(settings) for _ in range(8)]
    first = await asyncio.gather(*(watch(looks, reader).figures() for reader in readers))
    reads = sum(reader.reads for reader in readers)
    assert reads == len({reader.reads for reader in readers} - {0}) * max(reader.reads for reader in readers)
    (seen,) = [figures for figures in first if figures is not None]
    assert [await watch(looks, reader).figures() for reader in readers] == [seen] * len(readers)
    assert sum(reader.reads for reader in readers) == reads


async def test_the_next_look_comes_after_the_pause(looks: SharedLookTable, settings: Settings) -> None:
    reader = CountedReader(settings)
    with patch.object(drain_watch, "look_pause_s", lambda _: 0.0):
        before = await watch(looks, reader).figures()
        after = await watch(looks, reader).figures()
    assert before is not None
    assert after is not None
    assert reader.reads % 2 == 0
    assert after.read_at >= before.read_at


async def test_a_look_that_fails_leaves_the_one_before(looks: SharedLookTable, settings: Settings) -> None:
    """It costs its turn: the next one may look when the pause is over, and what was seen stays."""
    with patch.object(drain_watch, "look_pause_s", lambda _: 0.0):
        seen = await watch(looks, CountedReader(settings)).figures()
    with pytest.raises(TimeoutError):
        await watch(looks, CountedReader(settings, fault=TimeoutError())).figures()
    assert await watch(looks, reader := CountedReader(settings)).figures() == seen
    assert reader.reads == 0


async def test_what_another_version_saw_is_not_shown(looks: SharedLookTable, settings: Settings) -> None:
    await looks.claim("drains", None, 2**53)
    await looks.put("drains", zlib.compress(b'{"read_at": "2026"}'))
    assert await watch(looks, CountedReader(settings)).figures() is None


@pytest.mark.parametrize(("pauses", "is_told"), [(0.5, True), (drain_watch.OLD_PAUSES + 0.5, False)])
async def test_figures_that_are_old_are_not_told(
    looks: SharedLookTable, settings: Settings, pauses: float, *, is_told: bool
) -> None:
    """While another process looks, who asks has the figures before those, or none where they are old."""
    read_at = instant_of(datetime.now(UTC) - timedelta(seconds=pauses * PAUSE_S))
    figures = DrainFigures(read_at=read_at, drains=[])
    await looks.claim("drains", None, 2**53)
    await looks.put("drains", zlib.compress(figures.model_dump_json().encode()))
    assert await watch(looks, CountedReader(settings)).figures() == (figures if is_told else None)


async def test_a_look_that_takes_longer_than_the_wait_goes_on(
    looks: SharedLookTable, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one look, however many ask meanwhile, and though they are cancelled; it is kept for all."""
    monkeypatch.setattr(drain_watch, "WAIT_S_MAX", 0.01)
    reader = CountedReader(settings)
    reader.answers.clear()
    watching = watch(looks, reader)
    with patch.object(drain_watch, "look_pause_s", lambda _: 0.0):
        assert [await watching.figures() for _ in range(3)] == [None] * 3
    monkeypatch.setattr(drain_watch, "WAIT_S_MAX", 60.0)
    waiting = asyncio.create_task(watching.figures())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waiting, 0.05)
    assert reader.reads == 1
    waiting = asyncio.create_task(watching.figures())
    reader.answers.set()
    seen = await waiting
    assert seen is not None
    stored = await looks.seen("drains")
    assert stored is not None
    assert stored.document == zlib.compress(seen.model_dump_json().encode())


async def test_a_look_that_hangs_is_given_up(
    looks: SharedLookTable, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its bound, behind which the next may look, or with the process."""
    monkeypatch.setattr(drain_watch, "WAIT_S_MAX", 0.0)
    monkeypatch.setattr(drain_watch, "LOOK_S_MAX", 0.05)
    reader = CountedReader(settings)
    reader.answers.clear()
    watching = watch(looks, reader)
    with patch.object(drain_watch, "look_pause_s", lambda _: 0.0), capture_logs() as logs:
        assert await watching.figures() is None
        await until(lambda: bool(logs))
        assert [(log["event"], log["error"]) for log in logs] == [("drains_not_seen", "TimeoutError")]
        monkeypatch.setattr(drain_watch, "LOOK_S_MAX", 60.0)
        assert await watching.figures() is None
        assert reader.reads == 2
        await watching.close()
        reader.answers.set()
        monkeypatch.setattr(drain_watch, "WAIT_S_MAX", 60.0)
        assert await watching.figures() is not None


async def test_a_look_that_is_too_large_is_refused(looks: SharedLookTable) -> None:
    with pytest.raises(ValueError, match="a look of"):
        await looks.put("drains", bytes(300 << 10))
