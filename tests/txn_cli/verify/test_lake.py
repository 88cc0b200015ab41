"""Reading the lake: every position noted, only wanted events made; from a fake and from the real object store."""

import json
from dataclasses import replace

import pytest

from tests.txn_cli.builders import sound_rows
from tests.txn_cli.test_target import READY
from tests.txn_cli.verify.store import FakeStore, event_of
from txn_cli.stack.endpoints import Endpoints
from txn_cli.verify import lake as lake_module
from txn_cli.verify.lake import Lake, LakeScan, open_lake
from txn_core.arrivals import Arrived
from txn_core.aws import Aws
from txn_core.settings import Settings

EVENTS = [event_of(row) for row in sound_rows(10)]


async def scanned(lake: Lake, *wanted: int) -> tuple[LakeScan, list[tuple[int, Arrived]]]:
    scan = LakeScan(lake)
    ids = {str(EVENTS[n]["transaction_id"]) for n in wanted}
    return scan, [found async for found in scan.events(ids.__contains__)]


def filled() -> FakeStore:
    store = FakeStore()
    store.archive(*EVENTS[:6])
    store.archive(*EVENTS[6:])
    return store


async def test_wanted_events_come_as_they_stood_on_the_stream() -> None:
    _, found = await scanned(filled(), 1, 7)
    assert [json.loads(event.data) for _, event in found] == [EVENTS[1], EVENTS[7]]


async def test_all_positions_are_noted_whatever_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_module, "SLICE_ROWS", 4)
    scan, found = await scanned(filled())
    assert (scan.rows, scan.duplicated(), found) == (10, 0, [])


async def test_an_empty_lake_has_no_duplicates() -> None:
    scan, found = await scanned(FakeStore())
    assert (scan.rows, scan.duplicated(), found) == (0, 0, [])


async def test_a_position_is_duplicated_once_however_often_it_stands_there() -> None:
    store = filled()
    for _ in range(3):
        store.archive(*EVENTS[:2], at=1)
    scan, _ = await scanned(store)
    assert scan.duplicated() == 2


async def test_digests_tell_positions_apart() -> None:
    _, found = await scanned(filled(), *range(10))
    assert len({digest for digest, _ in found}) == 10


@pytest.mark.parametrize("from_stack", ["ready.json", "settings"])
async def test_the_real_object_store_is_read_alike(
    from_stack: str, settings: Settings, local_servers: Endpoints, own_environment: pytest.MonkeyPatch
) -> None:
    store = filled()
    async with Aws(settings).s3() as client:
        await client.create_bucket(Bucket=settings.lake_bucket)
        for key, body in store.objects.items():
            await client.put_object(Bucket=settings.lake_bucket, Key=key, Body=body)
    if from_stack == "ready.json":
        own_environment.delenv("AWS_ACCESS_KEY_ID")
        own_environment.delenv("AWS_SECRET_ACCESS_KEY")
        endpoints = {name: getattr(local_servers, name) for name in ("s3_url", "access_key", "secret_key")}
        ready = replace(READY, bucket=settings.lake_bucket, **endpoints)
    else:
        own_environment.setenv("TXN_S3_ENDPOINT_URL", local_servers.s3_url)
        own_environment.setenv("TXN_BUCKET", settings.lake_bucket)
        ready = None
    async with open_lake(ready) as lake:
        scan, found = await scanned(lake, 1, 7)
    assert (scan.rows, len(found)) == (10, 2)
