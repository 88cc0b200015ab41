"""`txn warehouse`: the lake's rows in tables for questions, built by dbt."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from txn_cli.commands.place import AwsOption, JsonOption, StackOption, TargetOption, system_at
from txn_cli.exit_codes import CHECKING, Outcome
from txn_cli.output.named import DEFAULT_FOLDER
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.narrator import Narrator
from txn_cli.terminal import say, say_document
from txn_cli.warehouse.engines import Engine
from txn_cli.warehouse_watch.installation import EVERY_S
from txn_core.exceptions import SettingsError
from txn_core.logs.telemetry import configure_logging

if TYPE_CHECKING:
    from txn_cli.warehouse.open_warehouse import OpenWarehouse

warehouse = typer.Typer(help="The warehouse: load the curated lake into tables, build and check the models.")

FullOption = Annotated[bool, typer.Option("--full", help="Build all tables whole, from the landing.")]

_BUILT: Final = {
    "nothing": "nothing new to build",
    "partial": "built what the new rows affect",
    "full": "built all tables whole",
}


@warehouse.command()
def install() -> None:
    """Install dbt into an environment of its own inside this one, from pins with hashes (95 MB).

    dbt's packages do not fit beside ours. Run it again after an upgrade: it changes nothing when all is current.
    """
    from warehouse.dbt.environment import own_environment  # noqa: PLC0415 - only here

    environment = own_environment()
    if environment.is_current:
        say(f"dbt is installed in {environment.folder}")
        return
    with Narrator().step(f"Installing dbt into {environment.folder}"):
        environment.install()


@warehouse.command()
def run(
    *,
    target: TargetOption = Engine.DUCKDB,
    full: FullOption = False,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Bring all of the lake into the tables: curate, load, build, publish.

    Ends with 0 when everything is in that was in the lake at the beginning. Nothing new: nothing is built. Run it
    again after anything, a kill included. Two at once: the second one waits.
    """
    with _held(target, data_dir, aws=aws) as held:
        report = held.with_lake(lambda cycle: cycle.run(full=full))
    if as_json:
        say_document(report.document())
        return
    say(
        f"Curated {report.curated.rows:,} rows of {report.curated.objects:,} objects, "
        f"loaded {report.loaded.rows:,} rows; {_BUILT[report.built]}"
        + (f"; normalised {report.normalised.rows:,} rows" if report.normalised.commits else "")
    )


@warehouse.command()
def watch(
    *,
    every: Annotated[
        float | None, typer.Option(min=0.1, help="Pause between two looks, seconds.", show_default="60")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Port for metrics and readiness.", show_default="none")
    ] = None,
    data_dir: StackOption = None,
) -> None:
    """Run the warehouse of a local stack again and again, whenever the lake has something new, until SIGTERM.

    `txn up --warehouse` and `txn demo` do this. A run that fails is tried again after a pause that grows.
    """
    from txn_cli.warehouse_watch.watch_process import watch as watch_stack  # noqa: PLC0415 - only here

    system = system_at(data_dir, aws=False)
    if system.stack is None:
        raise SettingsError(
            "only a local stack is watched: name its folder with --data-dir; elsewhere, schedule runs"
        )
    configure_logging(system.settings.log_level, process="warehouse")
    settings = system.settings.model_copy(update={"worker_metrics_port": metrics_port})
    asyncio.run(watch_stack(DataDir.at(data_dir or DEFAULT_FOLDER).root, settings, every or EVERY_S))


@warehouse.command()
def load(
    *,
    target: TargetOption = Engine.DUCKDB,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Load the commits of the curated table that the landing does not have; nothing is curated or built."""
    with _held(target, data_dir, aws=aws) as held:
        loaded = held.with_lake(lambda cycle: cycle.load())
    if as_json:
        say_document({"loaded_commits": loaded.commits, "loaded_rows": loaded.rows})
    else:
        say(f"Loaded {loaded.rows:,} rows of {loaded.commits:,} commits")


@warehouse.command()
def build(
    *,
    target: TargetOption = Engine.DUCKDB,
    full: FullOption = False,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Build what the landing holds, and publish it; the lake is not read."""
    with _held(target, data_dir, aws=aws, needs_lake=False) as held:
        built, published = asyncio.run(held.builder.build_and_publish(full=full))
    if as_json:
        say_document({"built": built, "published": published})
    else:
        say(_BUILT[built].capitalize())


@warehouse.command()
def check(
    *,
    target: TargetOption = Engine.DUCKDB,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Compare the warehouse with the lake, and run all tests of the models.

    Positions are counted in the raw lake, the curated table, the landing and the transactions' writes, and compared
    with the archive's ledger by shard and minute. Exit code 1 when something differs, waits, or a test finds rows.
    """
    from txn_cli.warehouse.check import check_all  # noqa: PLC0415 - the extra `warehouse`
    from txn_cli.warehouse.warehouse_place import need_tables  # noqa: PLC0415

    with _held(target, data_dir, aws=aws) as held:
        need_tables(held.builder.target)
        checked = held.with_lake(lambda cycle: check_all(cycle, held.settings))
    if as_json:
        say_document(checked.document())
    else:
        say(*checked.lines())
    raise typer.Exit(CHECKING[Outcome.DONE if checked.all_right else Outcome.FINDING])


@warehouse.command()
def docs(
    output: Annotated[Path, typer.Argument(help="The file to write.")] = Path("warehouse.html"),
    *,
    target: TargetOption = Engine.DUCKDB,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Write the documentation of the models as one HTML file, which needs no network to be read.

    The tables have to be built before.
    """
    from txn_cli.warehouse.warehouse_place import need_tables  # noqa: PLC0415 - the extra `warehouse`

    with _held(target, data_dir, aws=aws, needs_lake=False) as held:
        need_tables(held.builder.target)
        asyncio.run(held.builder.document(output))
    say(f"Wrote {output}")


@contextmanager
def _held(target: Engine, data_dir: Path | None, *, aws: bool, needs_lake: bool = True) -> "Iterator[OpenWarehouse]":
    """The warehouse, held for the block. Without the lake no stack has to run."""
    from txn_cli.warehouse.open_warehouse import open_warehouse  # noqa: PLC0415 - the extra `warehouse`
    from txn_cli.warehouse.warehouse_place import settings_of  # noqa: PLC0415

    if needs_lake:
        system = system_at(data_dir, aws=aws)
        settings, is_local = system.settings, system.is_local
    else:
        settings, is_local = settings_of(target, data_dir, aws=aws), not aws
    configure_logging("warning", process="warehouse")  # on standard error; results alone go to standard output
    with open_warehouse(target, settings, data_dir, is_local=is_local) as held:
        yield held
