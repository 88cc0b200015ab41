"""`txn reconcile`: whether index and lake hold the same, by their ledgers."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer
from pydantic_core import PydanticCustomError

from txn_cli.commands.place import AwsOption, StackOption, system_at
from txn_cli.commands.stack import JsonOption
from txn_cli.exit_codes import CHECKING, Outcome
from txn_cli.reconcile.reconciliation import Reconciliation
from txn_cli.reconcile.report import Report, show_report
from txn_cli.terminal import console, say_document
from txn_core.settings import Settings
from txn_core.transactions.instants import datetime_of, parse_instant
from workers.leases.ledger import Minute, minute_of

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION: Final = re.compile(r"([0-9]{1,6})([smhd])")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(reconcile)


def since_minute(text: str, at: datetime) -> Minute:
    """The minute that `--since` names: an RFC 3339 time, or so long before a moment.

    Raises:
        BadParameter: it is neither.
    """
    try:
        if (match := _DURATION.fullmatch(text)) is not None:
            return minute_of(at - timedelta(**{_UNITS[match[2]]: int(match[1])}))
        return minute_of(datetime_of(parse_instant(text)))
    except (PydanticCustomError, OverflowError):
        raise typer.BadParameter(
            "give an RFC 3339 time with an offset, or a duration such as 90m, 2h or 1d"
        ) from None


def reconcile(
    *,
    since: Annotated[
        str, typer.Option(help="From when on: an RFC 3339 time, or a duration back from now (90m, 2h).")
    ],
    deep: Annotated[bool, typer.Option("--deep", help="Reread also minutes whose ledgers agree.")] = False,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Compare what index and archive say that they made durable, and name what is missing or doubled.

    Exit code 0 when all finished minutes agree, 1 when not, 2 when that cannot be said. Only minutes that differ are
    read again. What was removed from a store later stands in both ledgers: --deep finds that too, and reads
    everything.
    """
    from_minute = since_minute(since, datetime.now(UTC))
    report = asyncio.run(_reconcile(system_at(data_dir, aws=aws).settings, from_minute, deep))
    if as_json:
        say_document(report.document())
    else:
        show_report(report, console())
    raise typer.Exit(CHECKING[Outcome.DONE if report.all_right else Outcome.FINDING])


async def _reconcile(settings: Settings, since: Minute, deep: bool) -> Report:  # noqa: FBT001 - one call, above
    async with Reconciliation.open(settings) as reconciliation:
        return await reconciliation.run(since, deep=deep)
