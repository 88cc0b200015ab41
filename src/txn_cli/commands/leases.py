"""`txn leases`: gives up the leases that a stream left behind which was deleted and made again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from txn_cli.commands.drain_names import SomeDrains, chosen
from txn_cli.commands.place import AwsOption, StackOption, YesOption, system_at
from txn_cli.commands.stack import JsonOption
from txn_cli.leases import lease_report
from txn_cli.leases.findings import Finder, Findings
from txn_cli.leases.reset import Reset
from txn_cli.output.meter import Meter
from txn_cli.terminal import say, say_document
from txn_core.aws.clients import Aws
from txn_core.drains import DrainDefinition
from txn_core.exceptions import StoreError
from txn_core.settings import Settings

leases = typer.Typer(help="Leases of a stream that was deleted and made again.")


@leases.command()
def reset(
    which: Annotated[SomeDrains, typer.Argument(help="The drain whose leases are given up.")],
    *,
    yes: YesOption = False,
    give_up_plans: Annotated[
        bool,
        typer.Option(
            "--give-up-plans",
            help="Also give up plans of the archive whose objects were never written: the lake lacks them.",
        ),
    ] = False,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Give up the leases of a stream that is gone, so that workers begin the stream that is there now.

    For a stream that was deleted and made again under its name: `txn status` and the workers' logs say so. Every
    shard of the new stream is then read from its beginning. Leases of the present stream are never touched.

    The command watches the leases for TXN_LEASE_FAILOVER_S, and refuses when a worker writes one. Workers that wait
    for the reset hold no lease and need not be stopped. The command also refuses to drop a plan of the archive whose
    object is not there, unless --give-up-plans is given.
    """
    settings = system_at(data_dir, aws=aws).settings
    asking = _Asking(yes=yes, give_up_plans=give_up_plans, json=as_json)
    found = asyncio.run(_reset(settings, chosen(which), asking))
    if as_json:
        say_document({"reset": [lease_report.document(each) for each in found]})
        return
    for each in found:
        if each.foreign:
            say(f"{each.kind}: {len(each.foreign)} leases given up; {each.kind} workers go on with the new stream")


class _Asking:
    """How a person is asked, and told."""

    def __init__(self, *, yes: bool, give_up_plans: bool, json: bool) -> None:
        self._yes, self._give_up_plans, self._json = yes, give_up_plans, json

    def tell(self, found: Sequence[Findings]) -> None:
        """Say what would be done; on standard error when standard output is for a machine."""
        for each in found:
            say(*lease_report.lines(each), error=self._json)

    def refuse_to_lose(self, found: Sequence[Findings]) -> None:
        """Return when no plan would be lost, or when that is wanted.

        Raises:
            StoreError: some would be.
        """
        plans = [plan for each in found for plan in each.lost]
        if plans and not self._give_up_plans:
            count = sum(plan.positions for plan in plans)
            raise StoreError(
                f"{count:,} positions that the archive had planned are not in the lake, and the stream that had them "
                f"is gone ({lease_report.lost(plans[0])}); give them up with --give-up-plans"
            )

    def confirm(self) -> None:
        """Ask, unless that was answered beforehand.

        Raises:
            StoreError: the answer is no, or nobody is there to give one.
        """
        try:
            agreed = self._yes or typer.confirm("Give them up, and begin the new stream?", err=self._json)
        except typer.Abort:
            agreed = False
        if not agreed:
            raise StoreError("nothing was given up: confirm it, or say --yes")


async def _reset(settings: Settings, readers: Sequence[DrainDefinition], asking: _Asking) -> list[Findings]:
    """Look, watch, ask, and do; gives what was found of each kind."""
    async with _finder(settings) as finder:
        found = [await finder.findings(drain) for drain in readers]
        asking.tell(found)
        asking.refuse_to_lose(found)
        foreign = [each for each in found if each.foreign]
        reset = Reset(finder, watch_s=settings.lease_failover_s)
        with Meter("Watching for workers that are alive") as meter:
            await reset.refuse_the_living(foreign or found, lambda done_s, of_s: meter.show(done_s / of_s, ""))
        if foreign:
            asking.confirm()
        for each in foreign:
            await reset.carry_out(each)
        return found


@asynccontextmanager
async def _finder(settings: Settings) -> AsyncIterator[Finder]:
    aws = Aws(settings)
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.lake() as lake:
        yield Finder(settings, kinesis, dynamodb, lake)
