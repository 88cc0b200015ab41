"""Reading the lake: every position noted, and of each row what its event says; from a fake and the real store."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import payment_fields
from tests.txn_cli.api_client.test_target import READY
from tests.txn_cli.builders import sound_rows
from tests.txn_cli.verify.store import FakeStore, event_of
from txn_cli.stack.endpoints import Endpoints
from txn_cli.verify import lake as lake_module
from txn_cli.verify.lake import Lake, LakeRows, LakeScan, open_lake, rows_of
from txn_cli.verify.row_content import digest_of
from txn_cli.verify.statement import StoredIds
from txn_cli.verify.workshop import Workshop
from txn_core.aws.clients import Aws
from txn_core.lake.parquet import parquet_of, read_parquet
from txn_core.settings import Settings
from txn_core.transactions.event import LATER_FIELDS
from txn_core.transactions.instants import instant_of

EVENTS = [event_of(row) for row in sound_rows(10)]


async def scanned(lake: Lake) -> tuple[LakeScan, list[LakeRows]]:
    with Workshop() as workshop:
        scan = LakeScan(lake, workshop)
        return scan, [rows async for rows in scan.objects()]


def filled() -> FakeStore:
    store = FakeStore()
    store.archive(*EVENTS[:6])
    store.archive(*EVENTS[6:])
    return store


async def test_rows_say_what_their_events_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_module, "SLICE_ROWS", 4)
    scan, found = await scanned(filled())
    assert (scan.rows, len(found)) == (10, 2)
    assert [name for rows in found for name in rows.transaction_ids] == [event["transaction_id"] for event in EVENTS]
    assert [digest for rows in found for digest in rows.digests] == list(map(digest_of, EVENTS))
    assert [ids for rows in found for ids in rows.ids] == list(map(StoredIds.of, EVENTS))


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_in_the_lake_is_the_event_s(moment: datetime) -> None:
    store = FakeStore()
    event = EVENTS[0] | {"occurred_at": instant_of(moment)}
    store.archive(event)
    (body,) = store.objects.values()
    assert list(rows_of(body).digests) == [digest_of(event)]


async def test_what_a_row_lacks_it_lacks() -> None:
    store = FakeStore()
    bare = EVENTS[0] | {"customer": None, "is_fraud": None}
    placed = EVENTS[1] | {"terminal": {"terminal_id": "T1", "entry_mode": "chip"}}
    store.archive(bare, placed)
    _, (rows,) = await scanned(store)
    assert list(rows.digests) == [digest_of(bare), digest_of(placed)]


async def test_fields_of_a_later_version_are_compared_and_old_objects_lack_them() -> None:
    merchant = EVENTS[0]["merchant"] | {"country": "DE"}
    pairs = {"b": "1", "a": 'say "x"'}
    later = EVENTS[0] | payment_fields(metadata=pairs) | {"schema": 2, "merchant": merchant}
    store = FakeStore()
    store.archive(later | {"metadata": dict(sorted(pairs.items()))}, EVENTS[1])
    (name,) = store.objects
    (rows,) = (await scanned(store))[1]
    assert list(rows.digests) == [digest_of(later), digest_of(EVENTS[1])]
    assert digest_of(later | {"metadata": {"b": "1"}}) != digest_of(later) != digest_of(later | {"mcc": None})
    table = read_parquet(store.objects[name])
    store.objects[name] = parquet_of(table.drop_columns([*LATER_FIELDS, "merchant_country"]))
    (rows,) = (await scanned(store))[1]
    assert list(rows.digests) == [digest_of(EVENTS[0]), digest_of(EVENTS[1])]


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
    _, found = await scanned(filled())
    assert len({position for rows in found for position in rows.positions}) == 10


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
        scan, found = await scanned(lake)
    assert (scan.rows, len(found)) == (10, 2)
