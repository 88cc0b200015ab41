"""A case whose card has been used here and there, for the pictures of its page."""

from typing import Any, Final

from fraud.records.alert import Alert
from tests.builders import body, card_number, transaction_id
from tests.fraud.builders import after
from tests.txn_api.conftest import Api
from tests.txn_api.raised_alerts import raised
from txn_core.transactions.identity import TransactionId
from txn_core.transactions.instants import Instant

CARD: Final = card_number(7)
BEGAN: Final = Instant("2026-01-01T08:00:00.000000Z")
HOME: Final = {"city": "Moravian Falls", "state": "NC", "latitude": 36.0788, "longitude": -81.1781}


async def used(api: Api, number: int, *, hours: float, place: tuple[float, float] | None, **fields: Any) -> str:
    """Index a transaction so many hours after the first; its card's id is given."""
    where = {} if place is None else {"latitude": place[0], "longitude": place[1]}
    merchant = {"name": f"Kub and Mann {number}", **where}
    changes = {"occurred_at": after(BEGAN, hours=hours), "merchant": merchant, "customer": HOME, **fields}
    event = await api.index(
        body(transaction_id=transaction_id(number), card_number=CARD, **changes), number=number + 1
    )
    return event.card_id


async def travelled(api: Api, count: int = 24) -> Alert:
    """A card used around its home for some days, and then at the other end of the country within an hour."""
    card_id = ""
    for number in range(count):
        place = (36.0 + number % 5 / 4, -81.2 + number % 7 / 5)
        kind: dict[str, Any] = {"type": "refund", "original_transaction_id": "x" * 8} if number == 3 else {}
        currency = "EUR" if number % 8 == 5 else "USD"
        amount = 900 + 731 * (number % 9)
        card_id = await used(
            api, number, hours=20.0 * number, place=place, amount_minor=amount, currency=currency, **kind
        )
    hours = 20.0 * (count - 1) + 1
    await used(api, count, hours=hours, place=(37.7, -122.4), amount_minor=48_000)
    fields = {"card_id": card_id, "transaction_id": TransactionId(transaction_id(count)), "amount_minor": 48_000}
    return await raised(api, count, score=950, occurred_at=after(BEGAN, hours=hours), **fields)
