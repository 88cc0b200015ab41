"""Of which data an answer is: its version, when it was built, and from when to when its transactions are."""

import calendar
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

from warehouse.questions.catalogue import questions
from warehouse.sql.duckdb_reader import DuckDbReader

FORM = 2
"""Counts up when answers to the same data change: what is computed of them, or their form."""
_VERSION_CHARS = 16
_SPAN = """select min(f.occurred_at), max(f.occurred_at), max(f.accepted_at) from star.fact_transactions as f"""


@dataclass(frozen=True, slots=True)
class PartialMonth:
    """A month of which the data has some days only: the first or the last one."""

    month: date
    first_day: date
    last_day: date

    @property
    def days(self) -> int:
        """The days of the month that lie within the data."""
        return (self.last_day - self.first_day).days + 1

    @property
    def days_in_month(self) -> int:
        """All days of the month."""
        return calendar.monthrange(self.month.year, self.month.month)[1]


@dataclass(frozen=True, slots=True)
class DataState:
    """The data behind an answer. Times are UTC, None where there are no transactions or no build is noted.

    Attributes:
        version: of the data, the questions and this code: equal versions give equal answers.
        accepted_until: when the newest of the transactions was accepted.
    """

    version: str
    built_at: datetime | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    accepted_until: datetime | None = None

    @property
    def partial_months(self) -> tuple[PartialMonth, ...]:
        """The first and the last month, when the data begins after its first day or ends before its last one."""
        if self.first_at is None or self.last_at is None:
            return ()
        first, last = self.first_at.date(), self.last_at.date()
        months = [_partly(month, first, last) for month in sorted({first.replace(day=1), last.replace(day=1)})]
        return tuple(each for each in months if each.days < each.days_in_month)


def data_state(reader: DuckDbReader, stamp: str) -> DataState:
    """The state of the files that a session reads; `stamp` stands for them where they name no build.

    Raises:
        QueryError: they cannot be read.
    """
    run = reader.last_run()
    [(first, last, accepted)] = reader.answer(_SPAN).rows
    return DataState(
        _version(stamp if run is None else run[0]),
        None if run is None else run[1],
        *(at.replace(tzinfo=UTC) if isinstance(at, datetime) else None for at in (first, last, accepted)),
    )


def _partly(month: date, first: date, last: date) -> PartialMonth:
    end = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    return PartialMonth(month, max(month, first), min(end, last))


def _version(run: str) -> str:
    return hashlib.sha256("\n".join((run, str(FORM), _asked())).encode()).hexdigest()[:_VERSION_CHARS]


@cache
def _asked() -> str:
    return hashlib.sha256("\n".join(_texts()).encode()).hexdigest()


def _texts() -> Iterator[str]:
    for question in questions():
        yield question.sql
