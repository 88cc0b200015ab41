"""What stands in the index of a test, and what may have gone wrong with it."""

from typing import Any

from tests.builders import ACCEPTED_AT, body, card_number, full_body, transaction_id
from tests.txn_api.conftest import Api
from txn_core.dynamodb.review.scores import ScoreItem
from txn_core.dynamodb.transactions import IndexItem
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.transactions.event import Event

CARD = card_number(7)
MERCHANT = "Rippin, Kub and Mann"


async def fill(api: Api, count: int) -> None:
    """Put transactions of one card and merchant into the index, a second apart."""
    for number in range(count):
        moment = f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"
        fields = {"card_number": CARD, "occurred_at": moment, "merchant": {"name": MERCHANT}}
        await api.index(body(transaction_id=transaction_id(number), **fields), number=number + 1)


async def refund(api: Api, **changes: Any) -> Event:
    """A refund with all there is, a conflict and a score."""
    fields = {"type": "refund", "original_transaction_id": "the-original", "amount_minor": 1234, "currency": "EUR"}
    event = await api.index(full_body(card_number=CARD, **fields) | changes)
    stored = await api.services.transactions.get(api.account, event.transaction_id)
    assert stored is not None
    later = WriteOrder.of(ACCEPTED_AT, Position(ShardId("shardId-000000000001"), SequenceNumber("77"), 3))
    item = IndexItem.of(event, stored.event.encode(), later)
    assert await api.services.transactions.note(item, seen=stored.order, conflict=True, other=None)
    score = ScoreItem(
        api.account, event.transaction_id, event.card_id, "0" * 12, 973, "alert", "mdl_1", rules="rules_7"
    )
    await api.services.scores.put_all([score])
    return event
