"""Events, records and leases with defaults, for the tests of the workers."""

import base64
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from txn_core.event import Event, encode
from txn_core.identity import Account, KeyRing, TransactionId
from txn_core.instants import Instant, instant_of
from txn_core.lake import Arrived
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transaction import parse_transaction
from workers.leases import Lease, WorkerName

KEYS = KeyRing({1: b"\x01" * 32}, b"\x02" * 32)
SHARD = ShardId("shardId-000000000000")
EPOCH = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALICE, BOB, CAROL = WorkerName("alice"), WorkerName("bob"), WorkerName("carol")
_ids = itertools.count(1)


def event(
    transaction_id: str | None = None,
    *,
    account: str = "acme",
    amount: int = 497,
    merchant: str = "Rippin, Kub and Mann",
    accepted_at: Instant | None = None,
) -> bytes:
    """An event as the API writes it."""
    number = next(_ids)
    body = {
        "card_number": "4000000000000002",
        "amount_minor": amount,
        "currency": "USD",
        "occurred_at": instant_of(EPOCH + timedelta(seconds=number)),
        "merchant": {"name": merchant, "latitude": 36.011293, "longitude": -82.0},
        "customer": {"first_name": "Jennifer", "city_population": 3495},
    }
    return encode(
        parse_transaction(json.dumps(body).encode()),
        transaction_id=TransactionId(transaction_id or f"txn_{number:08d}"),
        account=Account(account),
        keys=KEYS,
        accepted_at=accepted_at or instant_of(EPOCH + timedelta(seconds=number)),
    ).data


def twin(data: bytes, **changes: Any) -> bytes:
    """The same event with some fields changed."""
    document = json.loads(data) | changes
    return Event.model_validate(document).model_dump_json(by_alias=True).encode()


def transaction_id(data: bytes) -> TransactionId:
    return Event.decode(data).transaction_id


def position(number: int, sub: int = 0, shard: ShardId = SHARD) -> Position:
    return Position(shard, SequenceNumber(str(number)), sub)


def arrived(data: bytes, number: int = 1, sub: int = 0, *, at: datetime = EPOCH) -> Arrived:
    return Arrived(data, position(number, sub), at)


def lease(number: int = 0, **fields: Any) -> Lease:
    """The row of the shard with that number."""
    return replace(Lease(shard_id=shard(number)), **fields)


def shard(number: int) -> ShardId:
    return ShardId(f"shardId-{number:012d}")


def key(byte: int) -> str:
    return base64.b64encode(bytes([byte]) * 32).decode()
