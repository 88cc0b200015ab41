"""The cost of a million transactions, against sums that were done by hand."""

import json
from typing import Any

import pytest

from operations.cost.dynamodb_units import INDEX_ITEM_BYTES
from operations.cost.million_cost import cost_of
from operations.figures.api_watch import RecordSizes
from operations.shapes import CostFigures, DrainFigures
from tests.builders import base64_key, full_body
from tests.txn_api.unreachable import unreachable
from txn_api.writes.admission import Admission
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, KeyRing
from txn_core.transactions.instants import now


def usd(cost: CostFigures) -> dict[str, float | None]:
    """The cost by part."""
    return {part.name: part.usd for part in cost.parts}


def drains(*names: str) -> DrainFigures:
    """Drains that run."""
    fields = {
        "stream": "s", "lag_s": 0, "behind": 0, "unowned": 0, "unowned_lag_s": 0, "owners": 1, "amiss": None,
        "ledger": None, "shards": [], "shards_more": 0,
    }  # fmt: skip
    return DrainFigures.model_validate({"read_at": now(), "drains": [{"name": name, **fields} for name in names]})


def test_by_hand() -> None:
    """50 records of 900 bytes a unit of 25 KB, 100 a second over 4 shards, with the scorer.

    Puts: 1,000,000 / 50 units are 20,000, at 0.014 $ a million: 0.00028 $. Shards: 10,000 s at 100/s are 2.778 hours
    of 4 shards at 0.015 $: 0.1667 $. Index: 331 + 0.3 x 900 bytes are a unit, 3 times: 3 million
    units at 0.625 $: 1.875 $.
    Scores: 2.87 million units: 1.79375 $.
    """
    cost = cost_of(
        sizes=RecordSizes(payload_units=0.02, data_bytes=900.0),
        accepted_per_s=100.0,
        shards=4,
        drains=drains("index", "archive", "score"),
    )
    assert usd(cost) == {
        "kinesis_puts": pytest.approx(0.00028, abs=0.0001),
        "kinesis_shards": pytest.approx(0.1667, abs=0.0001),
        "dynamodb_index": 1.875,
        "dynamodb_scores": pytest.approx(1.7938, abs=0.0001),
    }
    assert cost.usd == pytest.approx(3.8358, abs=0.0002)


def test_what_is_not_known_is_not_guessed() -> None:
    """Without a transaction, and at a standstill, a part has no price; and no scorer costs nothing."""
    cost = cost_of(sizes=None, accepted_per_s=0.0, shards=4, drains=None)
    assert usd(cost) == {"kinesis_puts": None, "kinesis_shards": None, "dynamodb_index": None}
    assert cost.usd == 0
    assert any("S3" in text for text in cost.left_out)


def test_an_item_of_the_index_is_as_large_as_is_said(own_environment: pytest.MonkeyPatch) -> None:
    """By DynamoDB's counting: the names and the UTF-8 of the values. Other ids may be a little longer or shorter."""
    settings = Settings.model_validate(
        {"card_keys": {1: base64_key(1)}, "identity_key": base64_key(2), "cursor_key": base64_key(3)}
    )
    admission = Admission(KeyRing.from_settings(settings), settings.occurred_ahead_s_max, settings.luhn_exempt)
    encoded = admission.admit(json.dumps(full_body()).encode(), account=Account("acme"), request_text="")
    event = Event.decode(encoded.data)
    position = Position(ShardId("shardId-000000000000"), SequenceNumber("4" * 56))
    item = IndexItem.of(event, encoded.data, WriteOrder.of(event.accepted_at, position))
    attributes: dict[str, Any] = TransactionTable(unreachable()[1], "transactions", 8).attributes(item)
    size = sum(len(name) + len(value["S"].encode()) for name, value in attributes.items())
    assert size - len(encoded.data) == pytest.approx(INDEX_ITEM_BYTES, abs=40)
