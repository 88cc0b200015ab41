"""Options that name a moment, or how long ago it was: `--since`, `--as-of`."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer
from pydantic_core import PydanticCustomError

from txn_core.transactions.instants import datetime_of, parse_instant

AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="As it was known then: later rows and later labels are left out.", show_default="now"
    ),
]
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span_of(begin: str, end: str | None, at: datetime, *, names: str = "--from/--to") -> tuple[datetime, datetime]:
    """Two moments by the names of their options; without the second one it is the moment that is given.

    Raises:
        BadParameter: one is none, or the first one lies behind the second.
    """
    first, last = moment_of(begin, at), moment_of(end, at) if end else at
    if first > last:
        one, other = names.split("/")
        raise typer.BadParameter(f"it lies behind {other if end else 'now'}", param_hint=one)
    return first, last


def moment_of(text: str, at: datetime) -> datetime:
    """The moment that is named: an RFC 3339 time, or so long before a moment.

    Raises:
        BadParameter: it is neither.
    """
    try:
        if (match := re.fullmatch(r"([0-9]{1,6})([smhd])", text)) is not None:
            return at - timedelta(**{_UNITS[match[2]]: int(match[1])})
        return datetime_of(parse_instant(text))
    except (PydanticCustomError, OverflowError):
        raise typer.BadParameter(
            "give an RFC 3339 time with an offset, or a duration such as 90m, 2h or 1d"
        ) from None
