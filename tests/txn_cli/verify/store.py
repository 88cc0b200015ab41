"""What the service would have made of rows: documents for GET, and objects of the lake."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ingest.layouts.read_rows import SoundRow
from tests.builders import json_bytes
from tests.txn_cli.fake_api import FakeApi
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.columns import table_of
from txn_core.lake.parquet import parquet_of
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.event import encode
from txn_core.transactions.identity import Account, KeyRing, TransactionId
from txn_core.transactions.instants import Instant
from txn_core.transactions.submission import Submission
from txn_core.transactions.transaction import parse_transaction

KEYS = KeyRing({1: b"c" * 32}, identity_key=b"i" * 32)
ACCEPTED_AT = Instant("2026-01-01T00:00:00.000000Z")


def event_of(row: SoundRow, *, keys: KeyRing = KEYS, account: str = "acme", **changes: object) -> dict[str, Any]:
    """The event of a row, with some of its fields changed."""
    request = parse_transaction(row.body)
    event = encode(
        Submission.of(request),
        transaction_id=TransactionId(request.transaction_id or ""),
        account=Account(account),
        keys=keys,
        accepted_at=ACCEPTED_AT,
    )
    document: dict[str, Any] = json.loads(event.data)
    return document | changes


@dataclass
class FakeStore:
    """An index and a lake. It is the lake's objects that are kept, so that tests may add broken ones."""

    api: FakeApi = field(default_factory=FakeApi)
    objects: dict[str, bytes] = field(default_factory=dict)
    next_sequence_number: int = 1

    def index(self, event: dict[str, Any]) -> None:
        """Put an event into the index."""
        document = {name: value for name, value in event.items() if name != "schema"} | {"conflicts": []}
        self.api.documents[event["transaction_id"]] = document

    def archive(self, *events: dict[str, Any], at: int | None = None) -> None:
        """Put events into one object of the lake, at the next positions of the stream or from a given one on."""
        first = self.next_sequence_number if at is None else at
        arrived = [
            StreamRecord(json_bytes(event), position(number), datetime(2026, 1, 1, tzinfo=UTC))
            for number, event in enumerate(events, start=first)
        ]
        self.next_sequence_number = max(self.next_sequence_number, first + len(events))
        self.objects[f"raw/dt=2026-01-01/hr=00/{len(self.objects)}.parquet"] = parquet_of(table_of(arrived))

    def store(self, *rows: SoundRow) -> None:
        """Index and archive rows, as the service would."""
        events = [event_of(row) for row in rows]
        for event in events:
            self.index(event)
        self.archive(*events)

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """The keys under a prefix."""
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield key

    async def read(self, key: str) -> bytes:
        """The bytes of an object."""
        return self.objects[key]


def position(number: int) -> Position:
    """A position of a stream of one shard; some sequence numbers have more digits than others."""
    return Position(ShardId("shard-0"), SequenceNumber(str(10**20 + number // 3)), number % 3)
