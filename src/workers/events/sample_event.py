"""A record that every view can hold. What refuses this one too is out of order itself; no record is to blame."""

from datetime import UTC, datetime
from typing import Final

from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.event import Event

_MOMENT: Final = "2000-01-01T00:00:00.000000Z"
_DIGEST: Final = "0" * 32

SAMPLE: Final = Event.model_validate(
    {
        "schema": 1,
        "transaction_id": "sample-event",
        "account": "sample",
        "card_id": f"card_1_{_DIGEST}",
        "card_masked": "******0000",
        "customer_id": f"cus_{_DIGEST}",
        "merchant_id": f"mer_{_DIGEST}",
        "accepted_at": _MOMENT,
        "type": "purchase",
        "original_transaction_id": None,
        "amount_minor": 1,
        "currency": "USD",
        "occurred_at": _MOMENT,
        "merchant": {"name": "Sample", "category": None, "latitude": None, "longitude": None},
        "customer": None,
        "terminal": None,
        "is_fraud": None,
    }
)
SAMPLE_RECORD: Final = StreamRecord(
    SAMPLE.model_dump_json(by_alias=True).encode(),
    Position(ShardId("shardId-000000000000"), SequenceNumber("0")),
    datetime(2000, 1, 1, tzinfo=UTC),
)
