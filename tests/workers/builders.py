"""Events, records and lease rows with defaults, for the tests of the workers."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.builders import ACCEPTED_AT, ARRIVED_AT, SHARD, encoded, full_body, json_bytes, position, transaction_id
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import ShardId
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, TransactionId
from txn_core.transactions.instants import Instant, instant_of
from txn_core.transactions.transaction import parse_transaction
from workers.leases.lease import Lease, WorkerName
from workers.leases.ledger import Tally

ACCOUNT = Account("acme")
ALICE, BOB, CAROL = WorkerName("alice"), WorkerName("bob"), WorkerName("carol")


def event(id_: str | None = None, *, accepted_at: Instant = ACCEPTED_AT, **changes: Any) -> bytes:
    """An event of ours, with an id that no other has unless it is given."""
    body = full_body(transaction_id=id_ or transaction_id(), **changes)
    return encoded(parse_transaction(json_bytes(body)), accepted_at=accepted_at).data


def later(seconds: int) -> Instant:
    """So many seconds after the moment when events are accepted by default."""
    return instant_of(datetime.fromisoformat(ACCEPTED_AT) + timedelta(seconds=seconds))


def twin(data: bytes, **changes: Any) -> bytes:
    """The same event with some fields changed."""
    return Event.model_validate(json.loads(data) | changes).model_dump_json(by_alias=True).encode()


def id_of(data: bytes) -> TransactionId:
    """The transaction id of an event."""
    return Event.decode(data).transaction_id


def records(*events: bytes, start: int = 1, at: datetime = ARRIVED_AT) -> list[StreamRecord]:
    """Events that stand behind each other in a shard, a millisecond apart."""
    return [StreamRecord(data, position(start + i), at + timedelta(milliseconds=i)) for i, data in enumerate(events)]


def shard(number: int) -> ShardId:
    """The shard with that number."""
    return ShardId(f"shardId-{number:012d}")


def lease(number: int = 0, **fields: Any) -> Lease:
    """The row of the shard with that number."""
    return replace(Lease(shard_id=shard(number)), **fields)


assert shard(0) == SHARD


def positions_in(tally: Tally) -> int:
    """How many positions a tally counts."""
    return sum(noted.count for _, noted in tally.sums)
