"""How rows are divided by time: those that grow trees, those that calibrate them, those that judge them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fraud.model.manifest import Moment
from fraud.model.model_errors import ModelError
from fraud.training.labelled import DAY_S, Labelled

STOP_AT: Final = 0.62
TEST_AT: Final = 0.73
"""Where the parts begin, as shares of the days. Of the sample's 110 days: days 68 and 80."""
DAYS_MIN: Final = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """Moments in seconds since 1970-01-01 UTC. Labels of transactions from `end` on are not known yet.

    Rows before `stop` grow the trees, rows before `test` calibrate, the others judge.
    """

    first: int
    stop: int
    test: int
    end: int

    @classmethod
    def of(cls, rows: Sequence[Labelled], *, delay_s: int = 0, known_at_s: int | None = None) -> "Plan":
        """The plan for these rows, of which labels come so late; what is known is known at the last row's time.

        Raises:
            ModelError: the rows are of too few days, or hold too little of what is to be learned.
        """
        if not rows:
            raise ModelError("there are no rows to learn from")
        moments = [row.at_s for row in rows]
        first = min(moments) // DAY_S * DAY_S
        end = max(moments) + 1 if known_at_s is None else min(known_at_s, max(moments) + 1)
        end -= delay_s
        days = -(-(end - first) // DAY_S)
        if days < DAYS_MIN:
            raise ModelError(f"training needs {DAYS_MIN} days whose labels are known: it has {max(days, 0)}")
        plan = cls(first, first + int(days * STOP_AT) * DAY_S, first + int(days * TEST_AT) * DAY_S, end)
        plan.check(rows)
        return plan

    def check(self, rows: Sequence[Labelled]) -> None:
        """Return when each part has frauds and others.

        Raises:
            ModelError: one has not.
        """
        for name, begin, end in (
            ("to grow trees", self.first, self.stop),
            ("to calibrate", self.stop, self.test),
            ("to judge", self.test, self.end),
        ):
            labels = {row.is_fraud for row in rows if begin <= row.at_s < end}
            if labels != {True, False}:
                what = "frauds" if True not in labels else "other transactions"
                raise ModelError(f"there are no {what} among the rows {name}: give more days")


def moment_of(at_s: int) -> Moment:
    """A moment as manifests have it."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
