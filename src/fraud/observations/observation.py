"""A transaction as the scorer sees it.

An observation has no label, no name and no street: what is not here cannot reach a score. `is_fraud` of an event is
read by training alone, beside the observation.
"""

from dataclasses import dataclass
from typing import Final

MICROSECONDS: Final = 1_000_000
"""In a second."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One transaction of one card.

    Attributes:
        card_aliases: the card's ids under older versions of the card key.
        amount_minor: in minor units of `currency`, which is a code of ISO 4217.
        occurred_at_us: microseconds since 1970-01-01 UTC.
        customer_latitude: degrees, as are the other three.
        date_of_birth: ISO 8601, of year, month and day.
    """

    account: str
    card_id: str
    card_aliases: tuple[str, ...]
    transaction_id: str
    type: str
    amount_minor: int
    currency: str
    occurred_at_us: int
    category: str | None
    merchant_id: str
    customer_latitude: float | None
    customer_longitude: float | None
    merchant_latitude: float | None
    merchant_longitude: float | None
    gender: str | None
    date_of_birth: str | None
    city_population: int | None
    state: str | None
    job: str | None
    entry_mode: str | None
    terminal_id: str | None

    @property
    def occurred_at_s(self) -> int:
        """Whole seconds since 1970-01-01 UTC. Histories and features know no finer time."""
        return self.occurred_at_us // MICROSECONDS

    @property
    def is_purchase(self) -> bool:
        """Whether it counts for the features of later transactions; a refund or a reversal does not."""
        return self.type == "purchase"
