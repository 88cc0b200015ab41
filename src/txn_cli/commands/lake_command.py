"""`txn lake`: the hours of the raw lake, and the curated table that is made of them (docs/lake.md)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from txn_cli.commands.place import AwsOption, JsonOption, StackOption, system_at
from txn_cli.output.failure import store_errors
from txn_cli.terminal import console, say, say_document
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.exceptions import StoreError
from txn_core.logs.telemetry import configure_logging
from txn_core.settings import Settings
from txn_core.transactions.instants import Instant

if TYPE_CHECKING:
    from txn_cli.lake.lake_hours import Hour
    from warehouse.curated.compaction import Compacted
    from warehouse.curated.curation import Curated
    from warehouse.curated.table import Snapshot

lake = typer.Typer(help="The lake: its hours, and the curated table that warehouses load.")


@lake.command()
def hours(*, as_json: JsonOption = False, data_dir: StackOption = None, aws: AwsOption = False) -> None:
    """Show each hour of the raw lake: objects, rows, whether it is complete, and whether it is curated.

    An hour is complete when no record that arrived in it can come any more: the archive's leases tell, and the
    stream where a shard stands idle.
    """
    before, found = asyncio.run(_hours(_settings_at(data_dir, aws=aws)))
    if as_json:
        say_document({"complete_before": before, "hours": [each.document() for each in found]})
        return
    console().print(_table(found))
    say(f"Everything that arrived before {before} is in the lake" if before else "Nothing tells what is complete")


@lake.command()
def curate(*, as_json: JsonOption = False, data_dir: StackOption = None, aws: AwsOption = False) -> None:
    """Take the raw objects that are in no commit yet into the curated table, in commits of bounded size.

    Run it again after anything: what is committed stays, and nothing comes twice. Several may run at once.
    """
    done = asyncio.run(_curate(_settings_at(data_dir, aws=aws)))
    counts = {"commits": done.commits, "objects": done.objects, "rows": done.rows}
    if as_json:
        say_document(counts | {"unreadable": done.unreadable})
    elif done.commits:
        say(f"Curated {done.rows:,} rows of {done.objects:,} objects in {len(done.commits):,} commits")
    else:
        say("Nothing to curate")
    if done.unreadable:
        key, reason = next(iter(done.unreadable.items()))
        raise StoreError(
            f"{len(done.unreadable):,} objects below raw/ cannot be read and are not curated, such as {key} "
            f"({reason}): the archive writes none like that; move them elsewhere"
        )


@lake.command()
def compact(*, as_json: JsonOption = False, data_dir: StackOption = None, aws: AwsOption = False) -> None:
    """Merge small files of the curated table and of its vault, and delete what nobody can need any more.

    Files that were merged stay for an hour, for readers that have begun.
    """
    done, cleared = asyncio.run(_compact(_settings_at(data_dir, aws=aws)))
    if as_json:
        say_document({"merged": done.merged, "made": done.made, "rows": done.rows, "cleared": cleared})
    elif done.merged:
        say(f"Merged {done.merged:,} files into {done.made:,} with {done.rows:,} rows; deleted {cleared:,} files")
    else:
        say(f"Nothing to merge; deleted {cleared:,} files")


@lake.command()
def files(
    *,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print the manifest for Redshift's COPY instead of a list.")
    ] = False,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """List the files that hold the curated table now, one address a line.

    Read these and not the folder, in which files also lie that were replaced or never committed.
    """
    settings = _settings_at(data_dir, aws=aws)
    snapshot = asyncio.run(_snapshot(settings))
    bucket = settings.lake_bucket
    if manifest:
        from warehouse.curated.copy_manifest import copy_manifest  # noqa: PLC0415 - beside the table

        say_document(copy_manifest(snapshot, bucket))
    elif as_json:
        say_document({"commit": snapshot.number, "files": [asdict(file) for file in snapshot.files.values()]})
    else:
        say(*(f"s3://{bucket}/{key}" for key in snapshot.files))


def _settings_at(data_dir: Path | None, *, aws: bool) -> Settings:
    """The settings of the system that is named; outages are logged from here on."""
    settings = system_at(data_dir, aws=aws).settings
    configure_logging("warning", process="lake")  # on standard error; results alone go to standard output
    return settings


async def _hours(settings: Settings) -> "tuple[Instant | None, list[Hour]]":
    from txn_cli.lake.lake_hours import lake_hours  # noqa: PLC0415 - the extra `warehouse`
    from txn_cli.lake.lake_moment import lake_moment  # noqa: PLC0415 - beside it
    from warehouse.curated.attempts import in_a_few_attempts  # noqa: PLC0415 - the extra
    from warehouse.curated.parquet_table import ParquetTable  # noqa: PLC0415 - the extra

    clients = Aws(settings)
    async with _store(settings) as store, clients.kinesis() as kinesis, clients.dynamodb() as dynamodb:
        before = await lake_moment(kinesis, dynamodb, settings)
        return before, await lake_hours(store, ParquetTable(store), before, in_a_few_attempts)


async def _curate(settings: Settings) -> "Curated":
    from warehouse.curated.curation import curate as curate_objects  # noqa: PLC0415 - the extra `warehouse`
    from warehouse.curated.parquet_table import ParquetTable  # noqa: PLC0415 - the extra

    async with _store(settings) as store:
        table = ParquetTable(store)
        done = await curate_objects(store, table)
        await table.clear()
        return done


async def _compact(settings: Settings) -> "tuple[Compacted, int]":
    from warehouse.curated.compaction import compact as compact_files  # noqa: PLC0415 - the extra `warehouse`
    from warehouse.curated.parquet_table import ParquetTable  # noqa: PLC0415 - the extra

    async with _store(settings) as store:
        table = ParquetTable(store)
        return await compact_files(table), await table.clear()


async def _snapshot(settings: Settings) -> "Snapshot":
    from warehouse.curated.parquet_table import ParquetTable  # noqa: PLC0415 - the extra `warehouse`

    async with _store(settings) as store:
        return await ParquetTable(store).snapshot()


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[ObjectStore]:
    with store_errors(f"read or write the lake in {settings.lake_bucket}"):
        async with Aws(settings).lake() as store:
            yield store


def _table(found: "list[Hour]") -> Table:
    table = Table(
        *("Hour (UTC)", Column("Objects", justify="right"), Column("Rows", justify="right"), "Complete", "Curated"),
        box=None,
        pad_edge=False,
    )
    for each in found:
        complete = "yes" if each.complete else "not yet"
        curated = "yes" if each.curated else f"{each.waiting:,} objects wait"
        table.add_row(*map(Text, (each.name, f"{each.objects:,}", f"{each.rows:,}", complete, curated)))
    return table
