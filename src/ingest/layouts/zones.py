"""Local times of a zone as instants, with the hours that clocks show twice or not at all told apart."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_OFFSET: Final = re.compile(r"([+-])([0-9]{2}):?([0-5][0-9])")


class LocalTimeError(Exception):
    """Clocks of the zone never showed this time (`timestamp_skipped`), or twice (`timestamp_ambiguous`)."""


def checked_zone(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: there is no such zone.
    """
    zone_of(name)
    return name


@lru_cache(256)
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name, such as `America/New_York`, or of an offset, such as `+02:00`.

    Raises:
        ValueError: there is no such zone.
    """
    if name in {"UTC", "Z"}:
        return UTC
    if offset := _OFFSET.fullmatch(name):
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise ValueError("there is no such time zone") from None


def to_utc(moment: datetime, zone: tzinfo, *, ambiguous: str) -> datetime:
    """The instant of a time without an offset by the clocks of a zone.

    A time that clocks showed twice is the `earlier` or the `later` one, or none when ambiguous ones are `refused`.

    Raises:
        LocalTimeError: no clock showed it, or clocks showed it twice and nothing says which is meant.
        OverflowError: it lies outside of what a calendar can hold.
    """
    if zone is UTC:
        return moment.replace(tzinfo=UTC)
    first = moment.replace(tzinfo=zone, fold=0)
    second = moment.replace(tzinfo=zone, fold=1)
    earlier = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return earlier
    if earlier.astimezone(zone).replace(tzinfo=None, fold=0) != moment:
        raise LocalTimeError("timestamp_skipped")
    if ambiguous == "refused":
        raise LocalTimeError("timestamp_ambiguous")
    return earlier if ambiguous == "earlier" else second.astimezone(UTC)
