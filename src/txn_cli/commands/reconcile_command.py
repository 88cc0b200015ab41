"""`txn reconcile`: whether each view of the stream holds the same as the lake, by their ledgers."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from txn_cli.commands.place import AwsOption, StackOption, system_at
from txn_cli.commands.since import moment_of
from txn_cli.commands.stack import JsonOption
from txn_cli.exit_codes import CHECKING, Outcome
from txn_cli.reconcile.reconcile_report import Report, show_report
from txn_cli.terminal import console, say_document
from txn_core.settings import Settings
from workers.leases.ledger import Minute, minute_of


def reconcile(
    *,
    since: Annotated[str, typer.Option(help="Start: an RFC 3339 time, or a duration back from now (90m, 2h).")],
    deep: Annotated[bool, typer.Option("--deep", help="Reread minutes whose ledgers agree, too.")] = False,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Compare the ledger of each drain with the ledger of the archive, and name what is missing or doubled.

    Exit code 0 when all finished minutes agree, 1 when not, 2 when the comparison is impossible. Only minutes
    that differ are read again. A row that was removed from a store later is still in the ledgers: --deep finds
    this, too, and reads everything.
    """
    from_minute = minute_of(moment_of(since, datetime.now(UTC)))
    report = asyncio.run(_reconcile(system_at(data_dir, aws=aws).settings, from_minute, deep))
    if as_json:
        say_document(report.document())
    else:
        show_report(report, console())
    raise typer.Exit(CHECKING[Outcome.DONE if report.all_right else Outcome.FINDING])


async def _reconcile(settings: Settings, since: Minute, deep: bool) -> Report:  # noqa: FBT001 - one call, above
    from txn_cli.reconcile.reconciliation import Reconciliation  # noqa: PLC0415 - the extra `lake`

    async with Reconciliation.open(settings) as reconciliation:
        return await reconciliation.run(since, deep=deep)
