"""When rows of the index are over: so many days after the day on which their last 202 was answered.

DynamoDB removes a row some days after that moment (TTL), and a local server never. So whoever reads looks at the
moment. Whoever writes takes a row for one that is not there when it was over as the write was accepted: which write
wins does not depend on when a worker comes to it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from txn_core.dynamodb.attributes import number
from txn_core.dynamodb.table_shapes import EXPIRES_AT
from txn_core.settings import Settings
from txn_core.transactions.instants import DATE_LENGTH, Instant, datetime_of

DAY_S: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Expiry:
    """How many days rows are kept, for ever when None. The clock gives seconds since 1970."""

    kept_days: int | None = None
    clock: Callable[[], float] = time.time

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings have it."""
        return cls(settings.index_kept_days)

    def at(self, accepted_at: Instant) -> int | None:
        """When a row is over that was accepted at a moment, in seconds since 1970: at a midnight in UTC.

        All rows of a day are over at once, so a row that lives on with the next of its kind is written once a day.
        """
        if self.kept_days is None:
            return None
        day = date.fromisoformat(accepted_at[:DATE_LENGTH]).toordinal() - _EPOCH
        return (day + self.kept_days + 1) * DAY_S

    def is_over(self, accepted_at: Instant) -> bool:
        """Whether a row that was accepted at a moment is over by now."""
        at_s = self.at(accepted_at)
        return at_s is not None and at_s <= self.clock()

    def has_passed(self, item: Any, at: Instant | None = None) -> bool:
        """Whether an item says that it is over, now or at a moment, whatever is kept by now."""
        end_s = end_of(item)
        return end_s is not None and end_s <= (self.clock() if at is None else seconds_of(at))


KEPT_FOR_EVER: Final = Expiry()


def expiry_attribute(expires_at: int | None) -> dict[str, Any]:
    """The attribute that says when a row is over; none for a row that never is."""
    return {} if expires_at is None else {EXPIRES_AT: number(expires_at)}


def end_of(item: Any) -> int | None:
    """When an item is over, in seconds since 1970; None for never."""
    return int(item[EXPIRES_AT]["N"]) if EXPIRES_AT in item else None


def seconds_of(instant: Instant) -> int:
    """The full seconds between 1970 and a moment. An end is a full second: the rest decides nothing."""
    return int(datetime_of(instant).timestamp())


def latest(one: int | None, other: int | None) -> int | None:
    """The later of two ends; None, for ever, is later than all."""
    return None if one is None or other is None else max(one, other)
