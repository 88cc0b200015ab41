"""`txn lake` as it is typed, on real stores, behind a real archive."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from tests.workers.builders import event
from tests.workers.conftest import StackFixture, world_of
from txn_cli.lake.lake_moment import lake_moment
from txn_cli.main import app_of
from txn_core.exceptions import StoreError
from txn_core.settings import Settings
from txn_core.transactions.instants import datetime_of
from workers.leases.ledger import DISORDER_MAX


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """The log as it was, after a command has set up its own."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


async def txn(*arguments: str) -> Any:
    return await asyncio.to_thread(CliRunner().invoke, app_of("lake"), ["lake", *arguments])


async def told(*arguments: str) -> dict[str, Any]:
    result = await txn(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture
async def world(settings: Settings, own_environment: pytest.MonkeyPatch) -> AsyncIterator[StackFixture]:
    """A world that commands find by their environment."""
    async with world_of(settings) as made:
        endpoints = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url")
        for name in (*endpoints, "stream", "table_prefix", "bucket"):
            own_environment.setenv(f"TXN_{name.upper()}", str(getattr(made.settings, name)))
        yield made


async def moment(world: StackFixture) -> datetime | None:
    found = await lake_moment(world.kinesis, world.dynamodb, world.settings)
    return None if found is None else datetime_of(found)


async def test_what_the_archive_wrote_is_curated_once_and_shown(world: StackFixture) -> None:
    assert await moment(world) is None, "there is no archive yet"
    assert await told("hours") == {"complete_before": None, "hours": []}
    began = datetime.now(UTC)
    await world.send_aggregate(*(event() for _ in range(5)))
    await world.drain("archive")

    idle = await moment(world)
    assert idle is not None
    assert began - DISORDER_MAX <= idle <= datetime.now(UTC) - DISORDER_MAX, "nothing stands behind the checkpoint"
    (hour,) = (await told("hours"))["hours"]
    assert (hour["rows"], hour["objects"], hour["complete"], hour["curated"]) == (5, 1, False, False)
    assert await told("curate") == {"commits": [1], "objects": 1, "rows": 5, "unreadable": {}}
    (hour,) = (await told("hours"))["hours"]
    assert (hour["rows"], hour["waiting"], hour["curated"]) == (5, 0, True)

    objects = await world.objects()
    assert (await txn("curate")).stdout == "Nothing to curate\n"
    assert (await txn("compact")).stdout == "Nothing to merge; deleted 0 files\n"
    assert (await told("compact")) == {"merged": 0, "made": 0, "rows": 0, "cleared": 0}
    assert await world.objects() == objects
    (file,) = (await told("files"))["files"]
    assert (file["rows"], file["appends"]) == (5, [1])
    address = f"s3://{world.settings.lake_bucket}/{file['key']}"
    assert (await txn("files")).stdout == f"{address}\n"
    manifest = json.loads((await txn("files", "--manifest")).stdout)
    assert manifest["entries"] == [
        {"url": address, "mandatory": True, "meta": {"content_length": len(objects[file["key"]])}}
    ]
    shown = (await txn("hours")).stdout
    assert "not yet" in shown
    assert "Everything that arrived before" in shown


async def test_a_record_behind_the_checkpoint_holds_the_moment_back(world: StackFixture) -> None:
    await world.send(event())
    await world.drain("archive")
    idle = await moment(world)
    await world.send(event())
    behind = await moment(world)
    assert idle is not None
    assert behind is not None
    assert behind <= idle + timedelta(minutes=1), "only the ledger tells"
    rows = await world.leases("archive").rows()
    assert behind.second == behind.microsecond == 0, "which counts minutes"
    assert rows[0].ledger is not None


async def test_an_object_that_is_none_is_named_and_ends_the_command_with_1(world: StackFixture) -> None:
    await world.store.put_if_absent("raw/dt=2026-01-01/hr=00/x.parquet", b"garbage", {})
    result = await txn("curate")
    assert result.exit_code == 1
    assert isinstance(result.exception, StoreError)
    assert "raw/dt=2026-01-01/hr=00/x.parquet (ArrowInvalid)" in str(result.exception)
