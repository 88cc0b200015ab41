"""The ingest worker on the real local servers, with an API that counts: each file once, each account by itself."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr
from structlog.testing import capture_logs

from ingest.batches.batch_ids import BatchKey, Sha256
from ingest.batches.batch_receipt import BatchReceipt, receipt_key
from tests.builders import base64_key
from tests.txn_cli.builders import CARD, cells, csv_of
from tests.txn_cli.fake_api import FakeApi, HttpReply
from tests.workers.conftest import until
from txn_core.api_keys import ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import ListedObject, VersionedObjects
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import SettingsError
from txn_core.lake.layout import RECEIPT_PREFIX
from txn_core.settings import Settings
from txn_core.transactions.identity import Account
from workers.ingest.ingest_process import work

ACME, BOLT = Account("acme"), Account("bolt")


@dataclass
class ClientsFixture:
    """The clients' bucket, their keys, and an API."""

    settings: Settings
    clients: VersionedObjects
    lake: VersionedObjects
    keys: ApiKeyTable
    api: FakeApi = field(default_factory=FakeApi)

    async def key(self, account: Account, **options: object) -> str:
        """A key that the API takes."""
        key, presented = mint(account=account, scopes=["transactions:write"], **options)  # type: ignore[arg-type]
        await self.keys.put(key)
        self.api.api_keys |= {presented}
        return presented

    def worker(self, url: str, **keys: str) -> Settings:
        """The settings of a worker."""
        secret = {account: SecretStr(key) for account, key in keys.items()}
        return self.settings.model_copy(update={"ingest_api_url": url, "ingest_api_keys": secret})

    async def receipts(self) -> dict[str, BatchReceipt]:
        """The receipts by the names of the files."""
        found = [each.key async for each in self.lake.listed(RECEIPT_PREFIX) if each.key.endswith(".json")]
        receipts = [BatchReceipt.of(each.body, key) for key in found if (each := await self.lake.load(key))]
        return {receipt.name.rpartition("/")[2]: receipt for receipt in receipts}

    async def left(self) -> list[str]:
        """The files in the clients' bucket."""
        return [each.key async for each in self.clients.listed("")]


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[ClientsFixture]:
    """Buckets and tables of this test alone."""
    settings = settings.model_copy(
        update={
            "ingest_bucket": f"{settings.bucket}-files",
            "ingest_key": Settings(ingest_key=base64_key(5)).ingest_key,
            "ingest_poll_s": 0.1,
            "ingest_takeover_s": 2.0,
        }
    )
    await bootstrap(settings)
    async with Aws(settings).s3() as s3, Aws(settings).dynamodb() as dynamodb:
        keys = ApiKeyTable(dynamodb, TableNames.of(settings).api_keys)
        clients, lake = VersionedObjects(s3, str(settings.ingest_bucket)), VersionedObjects(s3, settings.lake_bucket)
        yield ClientsFixture(settings, clients, lake, keys)


@asynccontextmanager
async def working(*workers: Settings) -> AsyncIterator[None]:
    """Workers for the time of the block."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for each in workers:
            tasks.create_task(work(each, stopping))
        try:
            yield
        finally:
            stopping.set()


async def test_two_workers_take_in_each_file_once(site: ClientsFixture) -> None:
    """Good files of two accounts, a copy, files that are none, and files that nobody has a key for.

    Neither the log nor a receipt holds anything of a row.
    """
    rows = [csv_of(cells(line) for line in range(start, start + 20)) for start in (2, 40, 80)]
    files = {
        "acme/a.csv": rows[0],
        "acme/2026/b.csv.gz": gzip.compress(rows[1]),
        "acme/copy.csv": rows[0],
        f"acme/{CARD}.csv": b"a,b\n1,2\n",
        "acme/cut.csv.gz": gzip.compress(rows[2])[:-20],
        "bolt/c.csv": rows[2],
        "zeta/a.csv": rows[0],
        "Not an account/a.csv": rows[0],
        "alone.csv": rows[0],
        "acme/folder/": b"",
    }
    for name, body in files.items():
        await site.clients.put(name, body)
    acme, bolt = await site.key(ACME), await site.key(BOLT)
    stay = ["Not an account/a.csv", "acme/folder/", "alone.csv", "zeta/a.csv"]

    async def is_done() -> bool:
        return await site.left() == stay

    with site.api.served() as url, capture_logs() as log:
        async with working(*[site.worker(url, acme=acme, bolt=bolt)] * 2):
            await until(is_done)
    receipts = await site.receipts()
    assert {name: receipt.state for name, receipt in receipts.items()} == {
        "a.csv" if "a.csv" in receipts else "copy.csv": "done",
        "b.csv.gz": "done",
        "c.csv": "done",
        "cut.csv.gz": "failed",
        "(name withheld: it may hold a card number)": "failed",
    }
    assert receipts["c.csv"].account == BOLT
    assert {row: count for row, count in site.api.stored.items() if int(row, 16) < 80} == {
        f"{line:032x}": 1 for line in (*range(2, 22), *range(40, 60))
    }, "each row once"
    said = json.dumps([log, [receipt.to_json().decode() for receipt in receipts.values()]], default=str)
    assert not [text for text in (CARD, "Banks", "Perry Cove", "1988-03-09") if text in said]
    assert {each["account"] for each in log if each["event"] == "folder_without_key"} == {"zeta", None}
    assert {each["files"] for each in log if each["event"] == "files_without_folder"} == {1}


async def test_a_file_of_one_account_is_never_posted_for_another(site: ClientsFixture) -> None:
    """A key that is another account's, is revoked, has no right to write or is unknown is not used at all."""
    reading, presented = mint(account=ACME, scopes=["transactions:read"])
    await site.keys.put(reading)
    revoked = await site.key(ACME)
    await site.keys.revoke(revoked.split("_")[1])  # type: ignore[arg-type]
    await site.clients.put("acme/a.csv", csv_of([cells(2)]))
    for key in (await site.key(BOLT), presented, revoked, "txn_nothing"):
        with site.api.served() as url, capture_logs() as log:

            async def is_paused(log: Sequence[object] = log) -> bool:
                return "account_paused" in str(log)

            async with working(site.worker(url, acme=key)):
                await until(is_paused)
    assert await site.left() == ["acme/a.csv"]
    assert (site.api.requests, await site.receipts()) == ([], {})


async def test_a_folder_that_may_not_be_listed_holds_up_no_other(
    site: ClientsFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker goes on, and tries that account again later."""
    for account in (ACME, BOLT):
        await site.clients.put(f"{account}/a.csv", csv_of([cells(2)]))
    acme, bolt = await site.key(ACME), await site.key(BOLT)
    listed = VersionedObjects.listed

    def denied(self: VersionedObjects, prefix: str) -> AsyncIterator[ListedObject]:
        if prefix == "acme/":
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")
        return listed(self, prefix)

    monkeypatch.setattr(VersionedObjects, "listed", denied)

    async def is_paused_and_done() -> bool:
        return "account_paused" in str(log) and await site.clients.find("bolt/a.csv") is None

    with site.api.served() as url, capture_logs() as log:
        async with working(site.worker(url, acme=acme, bolt=bolt)):
            await until(is_paused_and_done)
    assert await site.clients.find("acme/a.csv") is not None


async def test_a_file_that_trips_us_up_is_said_and_left_alone_for_a_while(
    site: ClientsFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is listed and cannot be read, and one whose receipt is damaged: the receipt is named."""
    rows = [csv_of([cells(line)]) for line in (2, 3)]
    await site.clients.put("acme/unreadable.csv", rows[0])
    await site.clients.put("acme/damaged.csv", rows[1])
    batch = BatchKey.of(site.settings).batch_id(ACME, Sha256(hashlib.sha256(rows[1]).hexdigest()))
    await site.lake.put(receipt_key(ACME, batch), b"{")
    acme, part = await site.key(ACME), VersionedObjects.part
    looks: list[str] = []

    async def gone(self: VersionedObjects, key: str, *version: Any) -> bytes | None:
        looks.append(key)
        return None if "unreadable" in key else await part(self, key, *version)

    monkeypatch.setattr(VersionedObjects, "part", gone)

    async def are_met() -> bool:
        return {"file_gone", "file_paused"} <= {each["event"] for each in log}

    async def is_done() -> bool:
        return await site.clients.find("acme/later.csv") is None

    with site.api.served() as url, capture_logs() as log:
        async with working(site.worker(url, acme=acme)):
            await until(are_met)
            await site.clients.put("acme/later.csv", csv_of([cells(4)]))
            await until(is_done)
    assert sorted(looks) == ["acme/damaged.csv", "acme/later.csv", "acme/later.csv", "acme/unreadable.csv"]
    assert [each["receipt"] for each in log if each["event"] == "file_paused"] == [receipt_key(ACME, batch)]


async def test_an_api_that_is_away_is_waited_for(site: ClientsFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file stays, other accounts go on, and a file that is refused for the key is tried again later."""
    monkeypatch.setattr("workers.ingest.pauses.PAUSE_FIRST_S", 0.1)
    await site.clients.put("acme/a.csv", csv_of([cells(2)]))
    acme = await site.key(ACME)
    site.api.faults.append(HttpReply(401, "api_key_revoked"))

    async def is_gone() -> bool:
        return await site.left() == []

    with site.api.served() as url:
        async with working(site.worker(url, acme=acme)):
            await until(is_gone)
    [receipt] = (await site.receipts()).values()
    assert (receipt.state, receipt.accepted, receipt.takes) == ("done", 1, 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ingest_bucket": None}, "TXN_INGEST_BUCKET"),
        ({"ingest_bucket": "lake"}, "bucket of their own"),
        ({"ingest_api_url": None}, "TXN_INGEST_API_URL"),
        ({"ingest_api_keys": {}}, "TXN_INGEST_API_KEYS"),
        ({"ingest_key": None}, "TXN_INGEST_KEY"),
    ],
)
async def test_what_is_not_set_is_named(
    own_environment: pytest.MonkeyPatch, change: dict[str, object], said: str
) -> None:
    settings = Settings(
        bucket="lake",
        ingest_bucket="files",
        ingest_api_url="http://127.0.0.1:1",
        ingest_api_keys={"acme": SecretStr("txn_x")},
        ingest_key=base64_key(5),
    )
    with pytest.raises(SettingsError, match=said):
        await work(settings.model_copy(update=change), asyncio.Event())
