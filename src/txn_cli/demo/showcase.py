"""The demonstration itself: load, wait, look up, show an alert, count, ask the warehouse, and say how to go on."""

from pathlib import Path

from ingest.api_client.client import ApiClient
from ingest.api_client.retry import RetryPolicy
from ingest.upload.delivery import BulkDelivery
from ingest.upload.loader import load_rows
from ingest.upload.totals import LoadTotals
from txn_cli.demo.alert_showcase import SCORER, show_alert
from txn_cli.demo.curl import get_command, post_command
from txn_cli.demo.demo_rows import Tally, demo_rows
from txn_cli.demo.lakecount import count_lake
from txn_cli.demo.lookups import client_of, latest_at_merchant, latest_of_card
from txn_cli.demo.warehouse_showcase import show_warehouse
from txn_cli.output.meter import Meter
from txn_cli.stack.attachment import process_urls
from txn_cli.stack.localstack import LocalStack
from txn_cli.stack.narrator import Narrator
from txn_cli.status.observer import Observer
from txn_cli.status.status_table import progress_line
from txn_core.exceptions import StackError

CAUGHT_UP_S_MAX = 600.0


async def show(stack: LocalStack, file: Path | None, rows: int | None, narrator: Narrator) -> None:
    """Show what the system does with the rows of a file, or with simulated ones.

    Raises:
        TxnError: a step failed.
    """
    tally = Tally()
    totals = await _load(stack, file, rows, tally)
    narrator.say(f"{totals.accepted:,} rows accepted, {totals.rejected:,} rejected, in {totals.seconds:.1f} s")
    await _catch_up(stack)
    if tally.rows:
        card, merchant = tally.busiest()
        async with client_of(stack.ready) as client:
            narrator.show(await latest_of_card(client, card))
            narrator.show(await latest_at_merchant(client, merchant))
            await show_alert(client, narrator, scorer_runs=SCORER in stack.ready.pids)
    objects, in_lake = await count_lake(stack.settings)
    narrator.say(f"The lake holds {in_lake:,} rows in {objects:,} Parquet objects of s3://{stack.ready.bucket}")
    if stack.warehouse_url is not None:
        await show_warehouse(stack, stack.warehouse_url, narrator)
    narrator.say("Try it from another terminal:")
    for command in (post_command(stack), get_command(stack)):
        narrator.say(f"  {command}")
    narrator.say(f"Look at it in a browser. The pages ask for the key: api_key in {stack.data_dir.document('ready')}")
    narrator.links(stack.links)


async def _load(stack: LocalStack, file: Path | None, rows: int | None, tally: Tally) -> LoadTotals:
    with Meter("Loading") as meter, demo_rows(file, rows) as (found, count):
        async with ApiClient.connect(stack.ready.api_url, stack.ready.api_key) as client:
            return await load_rows(
                tally.of(found),
                BulkDelivery(client, RetryPolicy(notice=meter.say)),
                on_settled=lambda totals, _: meter.show(count and totals.read / count, f"{totals.read:,} rows"),
            )


async def _catch_up(stack: LocalStack) -> None:
    """Wait for the workers; what is shown next is what they made."""
    with Meter("Waiting for index and lake") as meter:
        async with Observer.open(stack.settings, process_urls(stack.data_dir)) as observer:
            seen = await observer.look_until_drained(
                CAUGHT_UP_S_MAX, lambda status: meter.show(None, progress_line(status))
            )
    if seen is None or not seen.drained:
        raise StackError(f"the workers did not catch up within {CAUGHT_UP_S_MAX:.0f} s; see `txn status`")
