"""What is to be priced: a rate of transactions, and the choices of a deployment that its price depends on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from operations.cost.dynamodb_units import INDEX_ITEM_BYTES, index_item_bytes
from txn_core.drains import ARCHIVE, INDEX, SCORE

MONTH_HOURS: Final = 730.0
MONTH_S: Final = MONTH_HOURS * 3600
EVENT_BYTES_DEFAULT: Final = 905
"""An event on the stream of the Kaggle data set, whose item of the index has 602 bytes (`make bench-item`)."""
EVENT_BYTES_MIN: Final = 200  # an event has names of fields, ids and times at least
EVENT_BYTES_MAX: Final = 58_000
ITEM_BYTES_MIN: Final = INDEX_ITEM_BYTES
ITEM_BYTES_MAX: Final = 60_000
RATE_MIN, RATE_MAX = 0.001, 1_000_000.0
MONTHS_MAX: Final = 1_200


class Front(StrEnum):
    """What clients connect to."""

    NLB = "nlb"
    ALB = "alb"
    APIGW = "apigw"
    NONE = "none"


class StreamMode(StrEnum):
    """How the stream is paid for."""

    ON_DEMAND = "on-demand"
    PROVISIONED = "provisioned"


@dataclass(frozen=True, slots=True)
class Workload:
    """A steady load on one deployment.

    Attributes:
        rate: transactions a second, each a post of its own.
        event_bytes: mean size of an event on the stream.
        item_bytes: mean size of an item of the index, by DynamoDB's counting.
        months: how many months of transactions the index holds.
        lake_months: how many the lake holds; None is as many.
        scores: whether the scorer runs.
        key_only_indexes: whether the secondary indexes of the index hold keys alone. No setting does this.
        write_capacity_use: the used part of provisioned write capacity, 0 to 1; None pays by request.
    """

    rate: float
    event_bytes: float = EVENT_BYTES_DEFAULT
    item_bytes: float = index_item_bytes(EVENT_BYTES_DEFAULT)
    months: float = 1.0
    lake_months: float | None = None
    scores: bool = False
    front: Front = Front.NLB
    stream_mode: StreamMode = StreamMode.ON_DEMAND
    retention_hours: int = 168
    key_only_indexes: bool = False
    write_capacity_use: float | None = None

    @property
    def a_month(self) -> float:
        """Transactions a month of 730 hours."""
        return self.rate * MONTH_S

    @property
    def drains(self) -> tuple[str, ...]:
        """The drains that read the stream, by name."""
        return (INDEX.name, ARCHIVE.name, *((SCORE.name,) if self.scores else ()))
