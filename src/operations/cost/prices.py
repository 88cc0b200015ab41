"""The prices that costs are told with, and how many units a transaction takes where the API does not count them.

One region, on demand, without free tiers and discounts. To change a price, change it here, with the month.
"""

from dataclasses import dataclass
from typing import Final

REGION: Final = "us-east-1"
PRICED_ON: Final = "2026-11"
"""The month in which all of these were looked up."""

_KINESIS: Final = "Amazon Kinesis Data Streams pricing, provisioned mode"
_DYNAMODB: Final = "Amazon DynamoDB pricing, on-demand"


@dataclass(frozen=True, slots=True)
class Price:
    """What a million units cost, US dollars, by the pricing page that `source` names."""

    usd: float
    unit: str
    source: str


PAYLOAD_UNITS: Final = Price(0.014, "PUT payload units of 25 KB", _KINESIS)
SHARD_HOURS: Final = Price(15_000.0, "shard-hours", _KINESIS)  # 0.015 an hour
WRITE_UNITS: Final = Price(0.625, "write request units of 1 KB", _DYNAMODB)

INDEX_WRITES: Final = 3
"""An item is written to the table, and with all that it holds to each of its two indexes."""
INDEX_ITEM_BYTES: Final = 331
"""What an item of the index has beside the event; `tests/operations/cost/` counts one."""
WRITE_UNIT_BYTES: Final = 1024
SCORE_WRITE_UNITS: Final = 2.87
"""1 for the score and 1.87 for the card's state, of 18,138 rows of the sample (docs/benchmarks.md)."""

LEFT_OUT: Final = (
    "the processes themselves (Fargate or EC2) and the load balancer",
    "S3: requests and storage of the lake",
    "storage of the index, which grows with the days that it is kept",
    "reads: look-ups, leases, and drains by enhanced fan-out",
    "writes of leases, ledgers, alerts and idempotency keys",
    "logs, metrics, keys of KMS, and traffic between zones",
)
"""What is not measured here, and so not in the sum."""
