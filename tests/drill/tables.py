"""The tables of a running stack: what they hold, and how they are lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from devkit.running_stack import RunningStack
from devkit.site import own_environment

from txn_cli.stack.attachment import attach
from txn_cli.stack.datadir import DataDir
from txn_core.aws.clients import Aws
from txn_core.aws.types import DynamoDBClient
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames, index_definitions
from txn_core.dynamodb.transactions import LAYOUT_ID
from txn_core.settings import Settings

INDEX: Final = ("transactions", "merchants", "cards")
"""What the index is: its other tables say how far it is."""

Rows = dict[str, list[str]]


def index_rows(stack: RunningStack, generation: int) -> Rows:
    """All items of a generation of the index, each as a text, in order, by the kind of table."""
    return asyncio.run(_index_rows(stack, generation))


def lose_index(stack: RunningStack) -> list[str]:
    """Delete every table of the first generation of the index, its leases and its ledger too; gives their names.

    They are made again, empty, within the second: a local stack ends when its index cannot stay up, where an
    orchestrator would go on starting it.
    """
    return asyncio.run(
        _lose(stack, lambda names: [each["TableName"] for each in index_definitions(names)], again=True)
    )


def lose_api_keys(stack: RunningStack) -> list[str]:
    """Delete the table of API keys."""
    return asyncio.run(_lose(stack, lambda names: [names.api_keys], again=False))


def differences(before: Rows, after: Rows) -> list[str]:
    """What is missing, different or too much, a line a kind of table; none when both are equal."""
    found = []
    for table in INDEX:
        lost, new = set(before[table]) - set(after[table]), set(after[table]) - set(before[table])
        if lost or new or len(before[table]) != len(after[table]):
            found.append(f"{table}: {len(lost)} items missing or different, {len(new)} that were not there")
    return found


async def _index_rows(stack: RunningStack, generation: int) -> Rows:
    async with _dynamodb(stack) as (client, settings):
        names = TableNames(settings.table_prefix, generation)
        return {kind: sorted([text async for text in _texts(client, getattr(names, kind))]) for kind in INDEX}


async def _texts(client: DynamoDBClient, table: str) -> AsyncIterator[str]:
    """Each item but the table's own layout, with its attributes and sets in order."""
    async for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            if item.get("id") != {"S": LAYOUT_ID}:
                yield repr(_ordered(item))


def _ordered(value: Any) -> Any:
    match value:
        case dict():
            return [(name, _ordered(each)) for name, each in sorted(value.items())]
        case list() if all(isinstance(each, str) for each in value):
            return sorted(value)
        case list():
            return list(map(_ordered, value))
        case _:
            return value


async def _lose(stack: RunningStack, chosen: Callable[[TableNames], list[str]], *, again: bool) -> list[str]:
    async with _dynamodb(stack) as (client, settings):
        tables = chosen(TableNames(settings.table_prefix))
        for table in tables:
            await client.delete_table(TableName=table)
        if again:
            await bootstrap(settings)
        return tables


@asynccontextmanager
async def _dynamodb(stack: RunningStack) -> AsyncIterator[tuple[DynamoDBClient, Settings]]:
    with own_environment():
        settings = attach(DataDir.at(stack.data_dir))
        if settings is None:
            raise RuntimeError("the stack is gone")
        async with Aws(settings).dynamodb() as client:
            yield client, settings
