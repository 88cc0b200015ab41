"""`txn shards`: whether a stream has the shards that its load needs (docs/cost.md)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from operations.cost.workload import EVENT_BYTES_DEFAULT, EVENT_BYTES_MAX, EVENT_BYTES_MIN
from operations.drains.drain_reading import STORE_ERRORS
from operations.shards.reshard_plan import ReshardPlan, plan_of
from operations.shards.stream_load import StreamState, stream_state
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, system_at
from txn_cli.commands.since import moment_of
from txn_cli.exit_codes import CHECKING, Outcome
from txn_cli.output.failure import store_errors
from txn_cli.shards import plan_report
from txn_cli.terminal import say, say_document
from txn_core.aws.clients import Aws
from txn_core.settings import Settings

shards = typer.Typer(help="Shards of the stream, and how many its load needs.")


@shards.callback()
def _shards() -> None:
    """Keep `plan` a word of its own while it is the only command."""


@shards.command()
def plan(
    *,
    since: Annotated[
        str, typer.Option(help="Start: an RFC 3339 time, or a duration back from now (90m, 2h, 1d).")
    ] = "1d",
    cool_off: Annotated[int, typer.Option(min=1, max=1_440, help="Minutes between two changes at least.")] = 30,
    event: Annotated[
        int, typer.Option(min=EVENT_BYTES_MIN, max=EVENT_BYTES_MAX, help="Bytes of an event on the stream.")
    ] = EVENT_BYTES_DEFAULT,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Say whether the stream should have twice or half as many shards, by what the ledger of the archive counted.

    Only looks: nothing is changed. Of a stream on demand there is nothing to propose. Exit code 0 when nothing is to
    be done, 1 when there is, be it only later, 2 when that cannot be seen.
    """
    at = datetime.now(UTC)
    begin = moment_of(since, at)
    if begin > at:
        raise typer.BadParameter("it lies behind now", param_hint="--since")
    settings = system_at(data_dir, aws=aws).settings
    state = asyncio.run(_state(settings, begin, at, event))
    proposed = _proposed(state, at, timedelta(minutes=cool_off))
    if as_json:
        say_document(plan_report.document(state, proposed))
    else:
        say(*plan_report.lines(state, proposed))
    raise typer.Exit(CHECKING[Outcome.DONE if proposed.action == "none" else Outcome.FINDING])


def _proposed(state: StreamState, at: datetime, cool_off: timedelta) -> ReshardPlan:
    proposed = plan_of(state.load, at, cool_off)
    if not state.is_on_demand:
        return proposed
    return ReshardPlan("none", len(state.load.shards), proposed.needed, "Kinesis changes them by itself")


async def _state(settings: Settings, since: datetime, at: datetime, event_bytes: float) -> StreamState:
    clients = Aws(settings)
    async with clients.kinesis() as kinesis, clients.dynamodb() as dynamodb:
        with store_errors(f"read stream {settings.stream} or the archive's ledger", STORE_ERRORS):
            return await stream_state(kinesis, dynamodb, settings, since=since, at=at, event_bytes=event_bytes)
