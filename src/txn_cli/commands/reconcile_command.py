"""`txn reconcile`: whether each view of the stream holds the same as the lake, by their ledgers."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from txn_cli.commands.place import AwsOption, JsonOption, StackOption, TargetOption, system_at
from txn_cli.commands.since import moment_of
from txn_cli.exit_codes import CHECKING, Outcome
from txn_cli.reconcile.reconcile_report import Report, show_report
from txn_cli.system import System
from txn_cli.terminal import console, say_document
from txn_cli.warehouse.engines import Engine
from txn_cli.warehouse_watch.installation import modules_lacking
from txn_core.settings import Settings
from workers.leases.ledger import Minute, minute_of

if TYPE_CHECKING:
    from txn_cli.reconcile.landed_view import Held


def reconcile(
    *,
    since: Annotated[str, typer.Option(help="Start: an RFC 3339 time, or a duration back from now (90m, 2h).")],
    deep: Annotated[bool, typer.Option("--deep", help="Reread minutes whose ledgers agree, too.")] = False,
    warehouse: Annotated[
        bool | None,
        typer.Option(
            "--warehouse/--no-warehouse",
            help="Compare the warehouse's landing and totals, too.",
            show_default="if the system has one",
        ),
    ] = None,
    target: TargetOption = Engine.DUCKDB,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Compare each view of the stream with the ledger of the archive, and name what is missing or doubled.

    Views are the drains, by their ledgers, and the landing of the warehouse, by its rows. Of the warehouse, positions
    and ids of transactions must also be the same in each of its tables.

    Exit code 0 when all finished minutes agree, 1 when not, 2 when the comparison is impossible. Only minutes
    that differ are read again. A row that was removed from a store later is still in the ledgers: --deep finds
    this, too, and reads everything.
    """
    from_minute = minute_of(moment_of(since, datetime.now(UTC)))
    system = system_at(data_dir, aws=aws)
    found = _warehouse(target, system, data_dir, asked=warehouse)
    report = asyncio.run(_reconcile(system.settings, found, from_minute, deep))
    if as_json:
        say_document(report.document())
    else:
        show_report(report, console())
    raise typer.Exit(CHECKING[Outcome.DONE if report.all_right else Outcome.FINDING])


def _warehouse(engine: Engine, system: System, data_dir: Path | None, *, asked: bool | None) -> "Held | None":
    """How the warehouse is held: the one that is asked for, or the one that there is, or None."""
    if asked is False or (asked is None and modules_lacking() is not None):
        return None
    from txn_cli.warehouse.reading import has_warehouse, read_warehouse  # noqa: PLC0415 - the extra `warehouse`

    where = (engine, system.settings, data_dir)
    if asked is None and not has_warehouse(*where, is_local=system.is_local):
        return None
    return partial(read_warehouse, *where, is_local=system.is_local)


async def _reconcile(
    settings: Settings,
    warehouse: "Held | None",
    since: Minute,
    deep: bool,  # noqa: FBT001 - one call, above
) -> Report:
    from txn_cli.reconcile.reconciliation import Reconciliation  # noqa: PLC0415 - the extra `lake`

    async with Reconciliation.open(settings, warehouse) as reconciliation:
        return await reconciliation.run(since, deep=deep)
