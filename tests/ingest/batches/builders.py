"""Batches for tests: a key, receipts and a store of them in memory."""

from dataclasses import replace

from ingest.batches.batch_ids import BatchKey, Sha256
from ingest.batches.batch_receipt import BatchReceipt
from ingest.batches.hold import Hold
from ingest.batches.receipt_store import ReceiptStore
from tests.support.memory_versions import MemoryVersions, once
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import Instant

KEY = BatchKey(b"k" * 32)
ACME = Account("acme")
DIGEST = Sha256("ab" * 32)
TAKEOVER_S = 20.0


def fresh(**changes: object) -> BatchReceipt:
    """The receipt of a batch that nobody has worked on."""
    batch = KEY.batch_id(ACME, DIGEST)
    receipt = BatchReceipt(
        batch, ACME, "rows.csv", 10, KEY.seal(DIGEST, batch), Instant("2026-01-01T00:00:00.000000Z")
    )
    return replace(receipt, **changes)  # type: ignore[arg-type]


def store_in(lake: MemoryVersions) -> ReceiptStore:
    """The receipts in a bucket."""
    return ReceiptStore(lake, once)


async def held(lake: MemoryVersions, owner: str, **changes: object) -> Hold:
    """A hold that is there to be taken."""
    taken = await Hold.take(store_in(lake), fresh(**changes), owner, takeover_s=TAKEOVER_S)
    assert isinstance(taken, Hold)
    return taken
