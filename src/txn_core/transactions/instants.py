"""Moments in the one form that is stored and sorted: UTC, microseconds, fixed width, `2019-01-01T00:00:18.000000Z`.

Fixed width makes text order the order of time, which `datetime.isoformat` does not (it drops zero microseconds).
Clients of .NET, Go and Java write seven to nine digits of a second. What is finer than a microsecond is cut off
before anything is compared or stored, so that a time and its own finer spelling are the same time.
"""

import re
import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NewType

from txn_core.transactions.faults import rule_broken

Instant = NewType("Instant", str)

INSTANT_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"
DATE_LENGTH: Final = len("2019-01-01")
OFFSET_MAX: Final = 23 * 60 + 59
"""The largest offset from UTC, minutes."""
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)

_LOCAL: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
_RFC3339 = re.compile(rf"{_LOCAL}([Zz]|[+-][0-9]{{2}}:[0-5][0-9])?")
_WITHOUT_ITS_PLUS = re.compile(rf"{_LOCAL} [0-9]{{2}}:[0-5][0-9]")
_FINER = re.compile(r"\.[0-9]{6,8}[1-9]")
_DAY_S: Final = 86_400
_MICROSECOND: Final = timedelta(microseconds=1)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
BIRTH_EARLIEST: Final = "1850-01-01"


def instant_of(moment: datetime) -> Instant:
    """The instant of an aware datetime."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return Instant(moment.isoformat(timespec="microseconds")[:-6] + "Z")


def now() -> Instant:
    """The present instant by the system's clock."""
    nanoseconds = str(time.time_ns())
    return Instant(f"{_second(nanoseconds[:-9])}{nanoseconds[-9:-3]}Z")


def today() -> str:
    """The present date in UTC, `2019-01-01`."""
    return _day(int(time.time()) // _DAY_S)


@lru_cache(1)
def _day(number: int) -> str:
    """A day of Unix time as it is written."""
    return datetime.fromtimestamp(number * _DAY_S, UTC).date().isoformat()


@lru_cache(1)
def _second(seconds: str) -> str:
    """A second of Unix time as all instants within it begin; the same thousands of times in a row."""
    return f"{datetime.fromtimestamp(int(seconds), UTC).isoformat()[:-6]}."


def datetime_of(instant: Instant) -> datetime:
    """The aware datetime of an instant."""
    return datetime.fromisoformat(instant)


def real_instant(text: str) -> Instant:
    """Text in the form of an instant, held to the calendar: no 30 February, no 61st second.

    Raises:
        PydanticCustomError: `timestamp_format`.
    """
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise rule_broken("timestamp_format") from None
    return Instant(text)


def parse_instant(text: str) -> Instant:
    """Read an RFC 3339 time with an offset, of 1970 or later, with at most nine fractional digits; six of them count.

    A leap second is none: the calendar that times are stored in has no sixty-first second of a minute.

    Raises:
        PydanticCustomError: `timestamp_format`, `timestamp_offset_required` or `timestamp_out_of_range`.
    """
    if (match := _RFC3339.fullmatch(text)) is None:
        raise rule_broken("timestamp_format")
    if match[1] is None:
        raise rule_broken("timestamp_offset_required")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise rule_broken("timestamp_format") from None
    if moment < EARLIEST:
        raise rule_broken("timestamp_out_of_range")
    try:
        return instant_of(moment)
    except OverflowError:
        raise rule_broken("timestamp_out_of_range") from None


class LocalInstant(str):
    """An instant that was written with an offset from UTC: the instant's text, and the offset beside it."""

    __slots__ = ("offset_minutes",)
    offset_minutes: int
    """Never 0, below it west of Greenwich, less than a day."""


def parse_local_instant(text: str) -> Instant:
    """Read a time as `parse_instant` does: a `LocalInstant` if its offset is not zero.

    Raises:
        PydanticCustomError: as `parse_instant`.
    """
    instant = parse_instant(text)
    if text[-1] in "Zz" or not (minutes := 60 * int(text[-5:-3]) + int(text[-2:])):
        return instant
    local = LocalInstant(instant)
    local.offset_minutes = -minutes if text[-6] == "-" else minutes
    return Instant(local)


def offset_minutes_of(instant: Instant) -> int:
    """The offset with which an instant was written, 0 for UTC."""
    return instant.offset_minutes if isinstance(instant, LocalInstant) else 0


def parse_start(text: str) -> Instant:
    """Read the inclusive beginning of a range, as it may stand in a query.

    Raises:
        PydanticCustomError: as `parse_instant`, or `timestamp_plus_lost`.
    """
    if _WITHOUT_ITS_PLUS.fullmatch(text):
        raise rule_broken("timestamp_plus_lost")
    return parse_instant(text)


def parse_end(text: str) -> Instant:
    """Read the exclusive end of a range, the same way. What is finer than a microsecond is rounded up.

    Cut off, it would leave out what stands in its own microsecond: the last one of the day before
    23:59:59.9999999, which .NET and Java take for the end of a day.
    """
    end = parse_start(text)
    if not _FINER.search(text):
        return end
    try:
        return instant_of(datetime_of(end) + _MICROSECOND)
    except OverflowError:  # the end of the calendar
        return end


def is_time(text: str) -> bool:
    """Whether text has the form of a time, also of one that has lost its plus: its digits are no number."""
    return (_RFC3339.fullmatch(text) or _WITHOUT_ITS_PLUS.fullmatch(text)) is not None


def parse_birth_date(text: str) -> str:
    """Check a calendar date `YYYY-MM-DD` between 1850 and today.

    Raises:
        PydanticCustomError: `date_format` or `date_out_of_range`.
    """
    if not _DATE.fullmatch(text):
        raise rule_broken("date_format")
    try:
        date.fromisoformat(text)
    except ValueError:
        raise rule_broken("date_format") from None
    if not BIRTH_EARLIEST <= text <= today():
        raise rule_broken("date_out_of_range")
    return text
