"""Moments in the one form that is stored and sorted."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from txn_core.transactions.instants import (
    INSTANT_PATTERN,
    Instant,
    _day,
    datetime_of,
    instant_of,
    is_time,
    now,
    parse_birth_date,
    parse_end,
    parse_instant,
    parse_start,
    real_instant,
    today,
)

aware_moments = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - the same
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@given(aware_moments)
def test_an_instant_has_fixed_width_and_leads_back_to_its_moment(moment: datetime) -> None:
    """Every aware datetime has an instant of 27 characters in UTC, from which the same moment is read."""
    instant = instant_of(moment)
    assert len(instant) == 27
    assert re.fullmatch(INSTANT_PATTERN, instant)
    assert datetime_of(instant) == moment
    assert real_instant(instant) == instant


@given(aware_moments, aware_moments)
def test_text_order_is_the_order_of_time(one: datetime, other: datetime) -> None:
    """Instants sort as text as their moments do, whatever the zones and also with zero microseconds."""
    assert (instant_of(one) < instant_of(other)) == (one < other)
    assert instant_of(one.replace(microsecond=0)) <= instant_of(one)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2019-01-01T00:00:18Z", "2019-01-01T00:00:18.000000Z"),
        ("2019-01-01t00:00:18z", "2019-01-01T00:00:18.000000Z"),
        ("2019-01-01T00:00:18.5Z", "2019-01-01T00:00:18.500000Z"),
        ("2019-01-01T00:00:18.000001+00:00", "2019-01-01T00:00:18.000001Z"),
        ("2019-01-01T00:00:18.1234567Z", "2019-01-01T00:00:18.123456Z"),
        ("2019-01-01T00:00:18.99999999+00:00", "2019-01-01T00:00:18.999999Z"),
        ("2019-01-01T00:00:18.123456789-05:00", "2019-01-01T05:00:18.123456Z"),
        ("2019-12-31T23:59:59.999999999z", "2019-12-31T23:59:59.999999Z"),
        ("2019-01-01T00:00:18.000000001Z", "2019-01-01T00:00:18.000000Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2019-01-01T00:00:18-05:00", "2019-01-01T05:00:18.000000Z"),
        ("2019-01-01T00:00:18+05:45", "2018-12-31T18:15:18.000000Z"),
        ("2019-01-01T00:00:18-00:00", "2019-01-01T00:00:18.000000Z"),
        ("2020-02-29T23:59:59.999999Z", "2020-02-29T23:59:59.999999Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
        ("1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_rfc_3339_is_read_to_the_microsecond(text: str, instant: str) -> None:
    """Known answers, at both ends of the range and with every kind of offset."""
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "timestamp_format"),
        ("2019-01-01", "timestamp_format"),
        ("2019-01-01T00:00Z", "timestamp_format"),
        ("20190101T000018Z", "timestamp_format"),
        ("2019-W01-1T00:00:18Z", "timestamp_format"),
        ("2019-01-01 00:00:18Z", "timestamp_format"),
        ("2019-01-01T00:00:18.Z", "timestamp_format"),
        ("2019-01-01T00:00:18.1234567890Z", "timestamp_format"),
        ("2019-01-01T00:00:18.1234567", "timestamp_offset_required"),
        ("1969-12-31T23:59:59.999999999Z", "timestamp_out_of_range"),
        ("2019-01-01T00:00:18 00:00", "timestamp_format"),
        ("2016-12-31T23:59:60.999999999Z", "timestamp_format"),
        ("2019-01-01T00:00:18,5Z", "timestamp_format"),
        ("2019-01-01T00:00:18+0100", "timestamp_format"),
        ("2019-01-01T00:00:18+01", "timestamp_format"),
        ("2019-01-01T00:00:18+24:00", "timestamp_format"),
        ("2019-01-01T00:00:18+14:60", "timestamp_format"),
        ("2019-01-01T00:00:18+01:00:01", "timestamp_format"),
        ("2019-13-01T00:00:18Z", "timestamp_format"),
        ("2019-02-29T00:00:18Z", "timestamp_format"),
        ("2019-01-01T24:00:00Z", "timestamp_format"),
        ("2019-01-01T00:60:00Z", "timestamp_format"),
        ("2016-12-31T23:59:60Z", "timestamp_format"),
        ("0000-01-01T00:00:00Z", "timestamp_format"),
        ("2019-01-01T00:00:18Z\n", "timestamp_format"),
        (" 2019-01-01T00:00:18Z", "timestamp_format"),
        ("\uff12019-01-01T00:00:18Z", "timestamp_format"),
        ("+2019-01-01T00:00:18Z", "timestamp_format"),
        ("2019-01-01T00:00:18", "timestamp_offset_required"),
        ("2019-01-01T00:00:18.5", "timestamp_offset_required"),
        ("1969-12-31T23:59:59.999999Z", "timestamp_out_of_range"),
        ("1970-01-01T00:00:00+00:01", "timestamp_out_of_range"),
        ("0001-01-01T00:00:00+23:59", "timestamp_out_of_range"),
        ("9999-12-31T23:59:59-00:01", "timestamp_out_of_range"),
    ],
)
def test_everything_else_is_refused_by_rule(text: str, code: str) -> None:
    """Other forms, dates that do not exist, missing offsets and other centuries each have their code."""
    with pytest.raises(PydanticCustomError) as caught:
        parse_instant(text)
    assert caught.value.type == code


@given(st.text() | st.from_regex(r"\A[0-9T:. Z+-]{0,40}\Z"))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No parser ever fails with anything but a rule's code."""
    for parse in (parse_instant, parse_start, parse_end, parse_birth_date, real_instant):
        with suppress(PydanticCustomError):
            parse(text)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(0, 999))  # noqa: DTZ001 - in UTC
def test_a_range_leaves_nothing_out_that_lies_in_it(moment: datetime, nanoseconds: int) -> None:
    """With bounds of nine digits: whatever lies between them is between the instants that they are read as."""
    text = f"{moment.isoformat(timespec='microseconds')}{nanoseconds:03}Z"
    instant, start, end = parse_instant(text), parse_start(text), parse_end(text)
    assert start == instant
    assert (end > instant) == (nanoseconds > 0)
    assert datetime_of(end) - datetime_of(start) <= timedelta(microseconds=1)
    # One nanosecond on either side, as it would be stored.
    if nanoseconds < 999:
        assert start <= parse_instant(f"{text[:-4]}{nanoseconds + 1:03}Z")
    if nanoseconds > 0:
        assert parse_instant(f"{text[:-4]}{nanoseconds - 1:03}Z") < end


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2019-01-01T00:00:18Z", "2019-01-01T00:00:18.000000Z"),
        ("2019-01-01T00:00:18.123456Z", "2019-01-01T00:00:18.123456Z"),
        ("2019-01-01T00:00:18.123456000Z", "2019-01-01T00:00:18.123456Z"),
        ("2019-01-01T00:00:18.1234561Z", "2019-01-01T00:00:18.123457Z"),
        ("2019-01-01T00:00:18.123456001+01:00", "2018-12-31T23:00:18.123457Z"),
        ("2019-12-31T23:59:59.9999999Z", "2020-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_the_end_of_a_range_is_rounded_up(text: str, end: str) -> None:
    """Also over the end of a day; behind the last microsecond there is none."""
    assert parse_end(text) == end


@pytest.mark.parametrize("parse", [parse_start, parse_end])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2019-01-01T00:00:00 00:00", "timestamp_plus_lost"),
        ("2019-01-01t00:00:00.123456789 05:30", "timestamp_plus_lost"),
        ("2019-01-01T00:00:00  00:00", "timestamp_format"),
        ("2019-01-01T00:00:00 0000", "timestamp_format"),
        ("2019-01-01 00:00:00", "timestamp_format"),
        ("2019-01-01T00:00:00", "timestamp_offset_required"),
        ("1969-01-01T00:00:00Z", "timestamp_out_of_range"),
    ],
)
def test_a_plus_that_a_query_took_for_a_space_is_told(parse: Callable[[str], Instant], text: str, code: str) -> None:
    """As far as nothing else is wrong with the time."""
    with pytest.raises(PydanticCustomError) as caught:
        parse(text)
    assert caught.value.type == code


def test_now_is_now() -> None:
    """The present instant lies between two readings of the clock."""
    before = datetime.now(UTC)
    assert before <= datetime_of(now()) <= datetime.now(UTC)


def test_today_is_the_date_of_now() -> None:
    """Before and after it is asked for, at most a midnight apart."""
    before = now()
    assert before[:10] <= today() <= now()[:10]
    assert _day(0) == "1970-01-01"
    assert _day(19_782) == "2024-02-29"


@pytest.mark.parametrize("text", ["2019-02-29T00:00:00.000000Z", "2016-12-31T23:59:60.000000Z"])
def test_an_instant_is_held_to_the_calendar(text: str) -> None:
    """What has the form of an instant but is no moment is refused, so that nothing stored fails to be a time."""
    assert re.fullmatch(INSTANT_PATTERN, text)
    with pytest.raises(PydanticCustomError, match="RFC 3339"):
        real_instant(text)


def test_birth_dates_lie_between_1850_and_today() -> None:
    """Both ends count; tomorrow, the day before and what is no date do not."""
    today = datetime.now(UTC).date()
    assert parse_birth_date("1850-01-01") == "1850-01-01"
    assert parse_birth_date(today.isoformat()) == today.isoformat()
    for day in (date(1849, 12, 31), today + timedelta(days=2)):
        with pytest.raises(PydanticCustomError) as caught:
            parse_birth_date(day.isoformat())
        assert caught.value.type == "date_out_of_range"
    for text in ("1988-3-9", "19880309", "1988-02-30", "1988-03-09T00:00:00Z", ""):
        with pytest.raises(PydanticCustomError) as caught:
            parse_birth_date(text)
        assert caught.value.type == "date_format"


def test_an_instant_is_text() -> None:
    """The type is a name for text alone, so it is stored and compared as such."""
    assert isinstance(Instant("x"), str)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019-01-01T00:00:18.123456789-05:00", True),
        ("2019-01-01T00:00:18.123456789 05:00", True),
        ("2019-01-01T00:00:18", True),
        ("9999999999999999", False),
        ("2019-01-01T00:00:18.1234567890-05:00", False),
        ("2019-01-01T00:00:18Z 4111", False),
    ],
)
def test_a_time_is_told_from_other_digits(text: str, *, expected: bool) -> None:
    """By its form alone."""
    assert is_time(text) is expected
