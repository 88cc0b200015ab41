"""`txn generations`: compare two generations of the index, and drop one that is not served (docs/rebuild.md)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from typing import Annotated

import typer

from txn_cli.commands.place import AwsOption, JsonOption, StackOption, YesOption, agree, system_at
from txn_cli.exit_codes import CHECKING, Outcome
from txn_cli.output.failure import store_errors
from txn_cli.terminal import say, say_document
from txn_cli.verify.generation_comparison import Comparison
from txn_cli.verify.generation_comparison import compare as compare_generations
from txn_core.aws.clients import Aws
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.expiry import Expiry
from txn_core.dynamodb.tables import FIRST_GENERATION, TableNames, index_definitions
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings

FAULTS_SHOWN = 10

GenerationArgument = Annotated[int, typer.Argument(min=FIRST_GENERATION, help="A generation of the index.")]


generations = typer.Typer(help="Generations of the index: compare and drop them.")


@generations.command()
def compare(
    one: GenerationArgument,
    other: GenerationArgument,
    *,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Compare two generations item by item; exit code 0 only when they are equal.

    Let both catch up first: `txn status --generation N --wait-caught-up`.
    """
    found = asyncio.run(_compare(system_at(data_dir, aws=aws).settings, one, other))
    if as_json:
        say_document({each.table: asdict(each) | {"equal": each.equal} for each in found})
    else:
        for each in found:
            say(
                f"{each.table}: {each.items:,} items in generation {one}; in generation {other} {each.missing:,} of "
                f"them missing, {each.different:,} different, {each.extra:,} besides"
            )
    raise typer.Exit(CHECKING[Outcome.DONE if all(each.equal for each in found) else Outcome.FINDING])


@generations.command()
def drop(
    generation: GenerationArgument,
    *,
    yes: YesOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Delete the tables of a generation that is not served; only a rebuild brings it back.

    Asks first, unless the system is on this machine.
    """
    system = system_at(data_dir, aws=aws)
    settings = system.settings
    if generation == settings.index_generation:
        raise SettingsError(f"generation {generation} is the one that is served (TXN_INDEX_GENERATION)")
    agree(f"Delete all tables of generation {generation}?", system, yes=yes)
    dropped = asyncio.run(_drop(settings, TableNames(settings.table_prefix, generation)))
    say(f"Dropped {', '.join(dropped) or 'nothing: there is no such generation'}")


async def _compare(settings: Settings, one: int, other: int) -> list[Comparison]:
    shown = 0

    def fault(table: str, what: str, key: str) -> None:
        nonlocal shown
        shown += 1
        if shown <= FAULTS_SHOWN:
            say(f"{table}: {what}: {key}", error=True)

    first, second = (TableNames(settings.table_prefix, generation) for generation in (one, other))
    async with _tables(settings) as client:
        return await compare_generations(client, first, second, fault, Expiry.of(settings))


async def _drop(settings: Settings, names: TableNames) -> list[str]:
    dropped = []
    tables = [*(definition["TableName"] for definition in index_definitions(names)), names.lake_progress]
    async with _tables(settings) as client:
        for table in tables:
            with suppress(client.exceptions.ResourceNotFoundException):
                await client.delete_table(TableName=table)
                dropped.append(table)
    return dropped


@asynccontextmanager
async def _tables(settings: Settings) -> AsyncIterator[DynamoDBClient]:
    with store_errors(f"read or drop tables of {settings.table_prefix}"):
        async with Aws(settings).dynamodb() as client:
            yield client
