"""`txn features`: whether the features of served scores are those that the lake gives again (docs/scoring.md)."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraud.model.trusted_keys import trusted_keys
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, system_at
from txn_cli.commands.since import moment_of
from txn_cli.exit_codes import CHECKING, Outcome
from txn_cli.output.failure import store_errors
from txn_cli.system import System
from txn_cli.terminal import say, say_document
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects

if TYPE_CHECKING:
    from fraud.scoring.replay import Findings

features = typer.Typer(help="The features of scores: whether those that were served are right.")


@features.callback()
def _features() -> None:
    """Keep `verify` a command of its own: a group of one would be that one."""


@features.command()
def verify(
    *,
    since: Annotated[
        str,
        typer.Option("--since", metavar="TIME", help="Compare what arrived from then on: a time, or 2h, 1d ago."),
    ] = "2h",
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Compute every served feature and score again, from the raw lake, and compare them bit by bit.

    The cards of these scores are folded from the beginning of the lake, under the models that their rows name. What
    cannot be compared is counted by its reason.

    Cards are folded 100,000 records at a time, which takes about 0.5 GB of memory; score log and lake are read once
    more for each of these parts, so a short --since costs the least.
    """
    end = datetime.now(UTC)
    found = asyncio.run(_findings(system_at(data_dir, aws=aws), moment_of(since, end), end))
    if as_json:
        say_document(_document(found))
    else:
        say(*_lines(found))
    raise typer.Exit(CHECKING[Outcome.FINDING if found.differences else Outcome.DONE])


async def _findings(system: System, since: datetime, end: datetime) -> "Findings":
    from txn_cli.fraud.feature_check import FeatureCheck  # noqa: PLC0415 - the extras `score` and `lake`

    with store_errors(f"read the lake in {system.settings.lake_bucket}"):
        clients = Aws(system.settings)
        async with clients.lake() as store, clients.s3() as s3:
            objects = VersionedObjects(s3, system.settings.lake_bucket)
            return await FeatureCheck(store, objects, trusted_keys(system.settings), end).findings(since)


def _document(found: "Findings") -> dict[str, Any]:
    return {
        "rows": found.rows,
        "cells": found.cells,
        "differences": found.differences,
        "first_differences": [
            {
                "card": each.card,
                "shard_id": each.position.shard_id,
                "sequence_number": each.position.sequence_number,
                "sub_sequence_number": each.position.sub_sequence_number,
                **each.cell._asdict(),
            }
            for each in found.shown
        ],
        "unchecked": dict(sorted(found.unchecked.items())),
    }


def _lines(found: "Findings") -> Iterable[str]:
    yield f"{found.rows:,} rows with {found.cells:,} cells compared: {found.differences:,} cells differ"
    for each in found.shown:
        at = each.position
        place = f"{at.shard_id} {at.sequence_number}/{at.sub_sequence_number}"
        yield f"  {each.card} at {place}: {each.cell.name} was {each.cell.served}, is {each.cell.computed}"
    for reason, rows in sorted(found.unchecked.items()):
        yield f"  {rows:,} not compared: {reason}"
