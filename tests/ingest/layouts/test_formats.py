"""Forms of times, strictly read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.layouts.formats import compiled, moment_of


def read(cell: str, form: str) -> datetime | None:
    found = compiled(form).fullmatch(cell)
    return None if found is None else moment_of(found.groupdict())


@given(
    st.datetimes(datetime(1000, 1, 1)),  # noqa: DTZ001
    st.sampled_from(
        [
            "%Y-%m-%dT%H:%M:%S.%f",
            "%d.%m.%Y %H:%M:%S.%f",
            "%f %S:%M:%H %Y%m%d",
            "%d-%b-%Y %I:%M:%S.%f %p",
            "%%%Y.*%m+%d %H%M%S%f",
        ]
    ),
)
def test_what_strftime_writes_is_read_back(moment: datetime, form: str) -> None:
    assert read(moment.strftime(form), form) == moment


@pytest.mark.parametrize(
    ("cell", "form", "moment"),
    [
        ("1/2/2024 3:04 pm", "%-m/%-d/%Y %-I:%M %p", datetime(2024, 1, 2, 15, 4)),  # noqa: DTZ001
        ("12/31/2024 12:00 AM", "%-m/%-d/%Y %-I:%M %p", datetime(2024, 12, 31)),  # noqa: DTZ001
        ("01-JAN-2024", "%d-%b-%Y", datetime(2024, 1, 1)),  # noqa: DTZ001
        ("2024-01-01 01:02:03Z", "%Y-%m-%d %H:%M:%S%z", datetime(2024, 1, 1, 1, 2, 3, tzinfo=UTC)),
        ("2024-01-01-0330", "%Y-%m-%d%z", datetime(2024, 1, 1, tzinfo=timezone(-timedelta(hours=3, minutes=30)))),
        ("2024-01-01 .1234567", "%Y-%m-%d .%f", datetime(2024, 1, 1, microsecond=123_456)),  # noqa: DTZ001
    ],
)
def test_forms_of_many_countries_are_read(cell: str, form: str, moment: datetime) -> None:
    assert read(cell, form) == moment


@pytest.mark.parametrize("cell", ["2019-1-1", "2019-01-01 ", "\u0662019-01-01", "2019-01-01\n", "19-01-01"])
def test_a_form_is_held_to_exactly(cell: str) -> None:
    assert read(cell, "%Y-%m-%d") is None


@pytest.mark.parametrize("cell", ["2023-02-29 01 AM", "2024-13-01 01 AM", "2024-01-01 13 AM", "0000-01-01 01 AM"])
def test_a_time_that_is_none_is_an_error(cell: str) -> None:
    with pytest.raises(ValueError):
        read(cell, "%Y-%m-%d %I %p")
