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
