"""What a run may cost: by the hour and by the row, in dollars of us-east-1, rounded up."""

from dataclasses import dataclass
from typing import Final

from operations.cost.fixed_lines import ENDPOINTS, ZONES
from operations.cost.prices import price

HOURS: Final = 1.0
"""What AWS bills at least for an interface endpoint; a run is given up before it is over."""
USD_MAX: Final = 1.0


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the estimate."""

    what: str
    usd_per_hour: float = 0.0
    usd_per_row: float = 0.0

    def usd(self, rows: int) -> float:
        """For a run of `HOURS`."""
        return self.usd_per_hour * HOURS + self.usd_per_row * rows


ITEMS: Final = (
    Item(
        f"{ENDPOINTS} interface endpoints in {ZONES} zones, {price('endpoint_hour').usd} each",
        usd_per_hour=ENDPOINTS * ZONES * price("endpoint_hour").usd,
    ),
    # 0.03238 a vCPU and 0.00356 a GB: API (1 and 2), index (1 and 2), archive (1 and 4), and one started again.
    Item("Fargate on ARM: 4 tasks", usd_per_hour=0.17),
    # 0.015 for the shard and 0.02 for what it keeps beyond a day.
    Item("Kinesis: a stream on demand, 0.04, and one of a shard, 0.035", usd_per_hour=0.075),
    # 1 for the table and each of its three indexes, 1 for merchants, cards, ledgers and leases together.
    Item("DynamoDB: 5 write units a row, 0.625 a million", usd_per_row=5 * 0.625e-6),
    Item("CloudWatch: 300 metrics, 0.30 a month each", usd_per_hour=0.125),
    Item("KMS, secrets, logs, objects", usd_per_hour=0.03),
)


def total_usd(rows: int) -> float:
    """All items."""
    return sum(item.usd(rows) for item in ITEMS)


def lines(rows: int) -> list[str]:
    """The estimate, a line an item, and its sum."""
    told = [f"  {item.usd(rows):5.2f} $  {item.what}" for item in ITEMS]
    return [*told, f"  {total_usd(rows):5.2f} $  for {HOURS:.0f} hour and {rows:,} rows, at most {USD_MAX:.2f}"]
