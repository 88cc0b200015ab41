"""What the drains start from: the answers of GetRecords, aggregated as the producer does it, of distinct events."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from devkit.user_records import UserRecord

from bench.write_path.load.bodies import bodies
from txn_core.kinesis.aggregation import aggregate
from txn_core.transactions.event import encode
from txn_core.transactions.identity import Account, KeyRing, TransactionId
from txn_core.transactions.instants import instant_of
from txn_core.transactions.submission import Submission
from txn_core.transactions.transaction import parse_transaction

ACCOUNT: Final = Account("bench")
AGGREGATE: Final = 50  # transactions in a record, about what a loaded producer packs into one
BEGAN: Final = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
_KEYS: Final = KeyRing({1: bytes(range(32))}, bytes(32))


def events(count: int, *, name: str) -> Iterator[bytes]:
    """So many events, whose ids are of this name and a number."""
    for number, body in enumerate(bodies(count)):
        yield encoded(body, f"{name}-{number:08d}")


def encoded(body: bytes, transaction_id: str | None = None) -> bytes:
    """The event of a request body, under its own id unless another one is given."""
    submission = Submission.of(parse_transaction(body))
    return encode(
        submission,
        transaction_id=TransactionId(transaction_id or submission.transaction_id or ""),
        account=ACCOUNT,
        keys=_KEYS,
        accepted_at=instant_of(BEGAN),
    ).data


def fetched(found: Sequence[bytes]) -> list[dict[str, Any]]:
    """Events as records of one shard, as botocore gives them; a record arrives each 20 ms."""
    return [
        {
            "SequenceNumber": str(number + 1),
            "ApproximateArrivalTimestamp": BEGAN + timedelta(milliseconds=20 * number),
            "PartitionKey": "bench",
            "Data": aggregate([UserRecord("bench", data) for data in some], "0"),
        }
        for number, some in enumerate(_aggregates(found))
    ]


def _aggregates(found: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (found[first : first + AGGREGATE] for first in range(0, len(found), AGGREGATE))
