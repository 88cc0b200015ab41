"""One file, taken in by processes that are killed at each of their calls: all rows of it, and then it is gone."""

import asyncio
import gzip
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from ingest.api_client.retry import RetryPolicy
from ingest.batches.batch_receipt import BatchReceipt, receipt_key
from ingest.batches.object_file import FileGoneError, ObjectContent
from ingest.batches.receipt_store import ReceiptStore
from ingest.layouts.rejection import Rejection
from ingest.upload.delivery import BulkDelivery, UndeliveredError
from tests.ingest.batches.builders import ACME, KEY, TAKEOVER_S
from tests.support.memory_versions import Clock, DeadError, Life, MemoryVersions
from tests.txn_cli.builders import CARD, cells, csv_of
from tests.txn_cli.fake_api import FakeApi, HttpReply
from txn_core.aws.versioned_objects import ListedObject
from txn_core.exceptions import StoreError
from workers.ingest.file_ingest import FileIngest
from workers.ingest.ingest_metrics import FileOutcome, IngestMetrics
from workers.retries import retry_outages

CHUNK = 4
NAME = "acme/2026/rows.csv"
BAD_LINES = (3, 9, 12)


@dataclass
class IngestFixture:
    """The clients' bucket, the lake and the API, and processes that stand between them."""

    clock: Clock = field(default_factory=Clock)
    api: FakeApi = field(default_factory=FakeApi)
    metrics: IngestMetrics = field(default_factory=IngestMetrics)

    def __post_init__(self) -> None:
        self.clients = MemoryVersions("files", self.clock)
        self.lake = MemoryVersions("lake", self.clock)

    async def put(self, body: bytes, name: str = NAME) -> ListedObject:
        await self.clients.put(name, body)
        found = await self.clients.find(name)
        assert found is not None
        return found

    def process(self, life: Life | None = None) -> FileIngest:
        """What one process takes files in with."""
        life = life or Life()
        receipts = ReceiptStore(self.lake.lived_by(life), retry_outages)
        return FileIngest(self.clients.lived_by(life), receipts, KEY, "worker", TAKEOVER_S, self.metrics)

    async def ingest(
        self, file: ListedObject, process: FileIngest | None = None, stopping: asyncio.Event | None = None
    ) -> FileOutcome:
        async with self.api.client() as client:
            return await (process or self.process()).take_in_file(ACME, client, file, stopping or asyncio.Event())

    def receipt(self) -> BatchReceipt:
        [(key, document)] = [(key, each.body) for key, each in self.lake.objects.items() if key.endswith(".json")]
        return BatchReceipt.of(document, key)

    async def report(self) -> list[Rejection]:
        return await ReceiptStore(self.lake, retry_outages).report(self.receipt())


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> IngestFixture:
    """Everything, with small chunks."""
    monkeypatch.setattr(BulkDelivery, "rows_max", CHUNK)
    return IngestFixture()


def _content_of(process: FileIngest, file: ListedObject) -> ObjectContent:
    return ObjectContent(process.bucket, file, retry_outages)


def _file(rows: Iterable[int] = range(2, 14)) -> bytes:
    """A file whose rows stand on these lines, some of them bad."""
    return csv_of([cells(line, **({"zip": "x" * 20} if line in BAD_LINES else {})) for line in rows])


@pytest.mark.parametrize("behind", [False, True])
async def test_a_process_may_be_killed_at_any_call(site: IngestFixture, *, behind: bool) -> None:
    """The next one goes on: every row is sent, at most twice; rejections stand once; the file goes."""
    life = Life()
    await site.ingest(await site.put(_file()), site.process(life))
    calls, expected = life.calls, (site.receipt(), await site.report())
    assert calls > 6
    for ends_at in range(1, calls + 1):
        site.__init__()  # type: ignore[misc] # all of it as at the beginning
        file = await site.put(_file())
        with pytest.raises((DeadError, StoreError)):
            await site.ingest(file, site.process(Life(ends_at, behind)))
        site.clock.pass_s(TAKEOVER_S)
        if NAME in site.clients.objects:
            assert await site.ingest(file) in {"done", "again"}
        assert not site.clients.objects
        assert set(site.api.stored.values()) <= {1, 2}
        assert len(site.api.stored) == expected[0].accepted
        receipt = site.receipt()
        assert (receipt.state, receipt.totals.read, receipt.rejected) == ("done", 12, len(BAD_LINES))
        assert (receipt.faults, await site.report()) == (expected[0].faults, expected[1])


async def test_the_same_content_is_sent_once_under_whatever_name(site: IngestFixture) -> None:
    assert await site.ingest(await site.put(_file())) == "done"
    sent = len(site.api.requests)
    assert await site.ingest(await site.put(_file(), "acme/copy.csv")) == "again"
    assert (len(site.api.requests), site.clients.objects) == (sent, {})


async def test_a_file_that_another_process_works_on_is_left_to_it(site: IngestFixture) -> None:
    """It is read for its digest once, and then looked at by its receipt."""
    file = await site.put(_file())
    life = Life(ends_at=4)
    with pytest.raises(StoreError):
        await site.ingest(file, site.process(life))
    assert site.receipt().owner is not None
    other = Life()
    process = site.process(other)
    assert await site.ingest(file, process) == "busy"
    calls = other.calls
    assert await site.ingest(file, process) == "busy"
    assert other.calls == calls + 1
    assert NAME in site.clients.objects
    assert not site.api.requests


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "layout"),
        (b"\x1f\x8b" + b"x" * 50, "damaged"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04" + b"x" * 50, "zip"),
        (csv_of([cells(2)]) + b'"', "row"),
    ],
)
async def test_a_file_that_is_none_goes_too_and_leaves_its_reason(
    site: IngestFixture, body: bytes, said: str
) -> None:
    """The receipt quotes neither the file nor its name, and the same file again is tried again."""
    outcome = await site.ingest(await site.put(body))
    receipt = site.receipt()
    assert outcome in {"failed", "done"}
    assert outcome == receipt.state
    assert said in f"{receipt.failure} {receipt.faults}"
    assert not site.clients.objects
    assert CARD not in receipt.to_json().decode()
    site.clock.pass_s(TAKEOVER_S)
    assert await site.ingest(await site.put(body)) == ("failed" if outcome == "failed" else "again")


async def test_a_file_that_failed_is_left_to_who_removes_it(site: IngestFixture) -> None:
    """Its report stays, though another process looks at the file between the receipt and the removal."""
    file = await site.put(gzip.compress(_file())[:-8])
    process, other = site.process(), site.process()
    removal = process.bucket.remove
    outcomes = []

    async def looked_at_before(key: str, etag: object) -> bool:
        outcomes.append(await site.ingest(file, other))
        return await removal(key, etag)  # type: ignore[arg-type]

    process.bucket.remove = looked_at_before  # type: ignore[method-assign]
    outcomes.append(await site.ingest(file, process))
    assert outcomes == ["busy", "failed"]
    assert (site.receipt().takes, site.receipt().rejected) == (1, len(BAD_LINES))
    assert not site.clients.objects


async def test_a_file_that_is_replaced_meanwhile_is_neither_mixed_nor_removed(site: IngestFixture) -> None:
    """Its batch has failed; the new version stays, and is a batch of its own."""
    file = await site.put(_file())
    process = site.process()
    assert await process._digest(file, _content_of(process, file), asyncio.Event())
    await site.put(_file(range(20, 24)))
    with pytest.raises(FileGoneError):
        await site.ingest(file, process)
    assert site.receipt().state == "failed"
    assert NAME in site.clients.objects
    assert not site.api.stored


async def test_a_version_that_came_after_the_last_row_stays(site: IngestFixture) -> None:
    """The file is removed by its version."""
    file = await site.put(_file())
    process = site.process()
    removal = process.bucket.remove

    async def replaced_before(key: str, etag: object) -> bool:
        await site.put(_file(range(20, 24)))
        return await removal(key, etag)  # type: ignore[arg-type]

    process.bucket.remove = replaced_before  # type: ignore[method-assign]
    assert await site.ingest(file, process) == "done"
    assert site.clients.objects[NAME].body == _file(range(20, 24))


async def test_what_the_api_leaves_in_doubt_keeps_the_file(
    site: IngestFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receipt says how many rows are unknown; the next attempt settles them."""
    site.api.faults.extend([None, *[HttpReply(503, "outcome_unknown")] * 100])

    async def at_once(_: float) -> None:
        return

    bulk = BulkDelivery
    monkeypatch.setattr(
        "workers.ingest.file_ingest.BulkDelivery",
        lambda client: bulk(client, RetryPolicy(attempts_max=2, pause=at_once)),
    )
    with pytest.raises(UndeliveredError):
        await site.ingest(await site.put(_file()))
    receipt = site.receipt()
    assert (receipt.state, receipt.totals.read, receipt.unknown, receipt.owner) == ("open", CHUNK, 3, None)
    site.api.faults.clear()
    found = await site.clients.find(NAME)
    assert found is not None
    assert await site.ingest(found) == "done"
    assert (site.receipt().unknown, set(site.api.stored.values())) == (0, {1})


async def test_a_process_that_is_to_end_lets_the_file_go_after_a_chunk(site: IngestFixture) -> None:
    """No row is sent twice for it."""
    file, stopping = await site.put(_file()), asyncio.Event()
    taking = asyncio.create_task(site.ingest(file, stopping=stopping))
    while not site.api.requests:  # noqa: ASYNC110 - the fake tells nobody
        await asyncio.sleep(0)
    stopping.set()
    assert await taking == "stopped"
    receipt = site.receipt()
    assert (receipt.state, receipt.owner) == ("open", None)
    assert 0 < receipt.totals.read < 12
    assert await site.ingest(file) == "done"
    assert set(site.api.stored.values()) == {1}
    assert await site.ingest(file, stopping=stopping) == "stopped"
    assert receipt_key(ACME, receipt.batch) in site.lake.objects
