"""One line of a bill."""

from dataclasses import dataclass
from typing import Literal

from operations.cost.prices import Price, price

Basis = Literal["counted", "derived", "assumed"]
"""Whether a quantity is counted as the service counts it, follows from measured rates of processes, or is assumed."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """So many units a month of something with a price."""

    service: str
    name: str
    units: float
    price_name: str
    basis: Basis = "counted"

    @property
    def price(self) -> Price:
        """The price of a unit."""
        return price(self.price_name)

    @property
    def usd(self) -> float:
        """US dollars a month."""
        return self.price.of(self.units)
