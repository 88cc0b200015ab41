"""`txn ingest`: a file taken in as a batch, with a receipt; and what is known of batches."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from ingest.batches.batch_ids import BatchId
from ingest.batches.batch_receipt import DamagedReceiptError, is_batch_id
from ingest.layouts.reading_options import Reading
from ingest.layouts.rejection import Rejection
from ingest.upload.delivery import UndeliveredError
from txn_cli.api_client.presented_key import ApiKeyFileOption, ApiKeyOption, presented_key
from txn_cli.api_client.target import Target
from txn_cli.batches import batch_report
from txn_cli.batches.ingestion import Ingested, Ingestion
from txn_cli.batches.receipt_book import ReceiptBook, ShownReceipt
from txn_cli.batches.waiting import LoadedWarehouse, wait_for_lake, wait_for_warehouse
from txn_cli.commands.data import UrlOption
from txn_cli.commands.file_options import LayoutOption, MapOption, MemberOption, SeparatorOption
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, system_at
from txn_cli.exit_codes import LOADING, Outcome, UnsettledError
from txn_cli.output.meter import Meter
from txn_cli.output.named import Named
from txn_cli.status.observer import Observer
from txn_cli.system import System
from txn_cli.terminal import console, say, say_document
from txn_core.aws.clients import Aws
from txn_core.exceptions import SettingsError, StoreError
from txn_core.lake.layout import RAW_PREFIX

FILE: Final = "file"
PRINTED_COLUMNS: Final = 160


class Waited(StrEnum):
    """What can be waited for."""

    LAKE = "lake"
    WAREHOUSE = "warehouse"


class _FileOrCommand(TyperGroup):
    """A group whose first word is a file unless it is one of the commands."""

    default_command = FILE

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the group's own options, which are none, before a command."""
        return super().parse_args(
            ctx, args if not args or args[0] in self.commands else [self.default_command, *args]
        )


ingest = typer.Typer(
    cls=_FileOrCommand, help="Take in a file as a batch, with a receipt; see what became of batches."
)


@ingest.command(FILE)
def file_(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="File with rows as for `txn load`, or s3://BUCKET/KEY.")
    ],
    *,
    layout: LayoutOption = None,
    renames: MapOption = None,
    separator: SeparatorOption = None,
    member: MemberOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send the rows also when the receipt says that all of it is done.")
    ] = False,
    wait: Annotated[
        Waited | None,
        typer.Option("--wait", help="Wait until all accepted rows are in the lake, or in the warehouse, too."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="How long to wait for each at most, seconds.")] = 600.0,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    api_key_file: ApiKeyFileOption = None,
) -> None:
    """Take in a file through the API as a batch, under a receipt in the lake's bucket.

    The same content is the same batch: it is sent once, and a run that was interrupted is taken up again where it
    stopped. Exit code 0 when all rows were accepted, 3 when some were rejected, 4 when the outcome of some is
    unknown. `txn ingest status [BATCH]` shows what became of batches.
    """
    said = (layout, renames, separator, member) != (None, None, None, None)
    reading = (
        Reading.of(layout=layout, renames=renames or (), separator=separator, member=member) if said else Reading()
    )
    system = system_at(data_dir, aws=aws)
    target = Target.of(url=url, api_key=presented_key(api_key, api_key_file, url=url), named=Named(data_dir, aws))
    warehouse = _warehouse(system, data_dir) if wait is Waited.WAREHOUSE else None
    try:
        ingested = asyncio.run(_ingest(system, target, file, reading, again=again))
    except KeyboardInterrupt:
        say("txn: interrupted: the same command goes on there; a row that is sent twice is stored once", error=True)
        raise typer.Exit(LOADING[Outcome.INTERRUPTED]) from None
    except UndeliveredError as error:
        raise UnsettledError(f"{error}. All rows before them are settled: the same command goes on there") from error
    failed = ingested.receipt.state == "failed"
    if wait is not None and not failed:
        asyncio.run(_wait(system, ingested, warehouse, timeout))
    if as_json:
        say_document(batch_report.ingested_document(ingested, waited_for=None if failed else wait))
    else:
        say(*batch_report.ingested_lines(ingested))
    if failed:
        say(f"txn: the file was not taken in to its end: {ingested.receipt.failure}", error=True)
        raise typer.Exit(LOADING[Outcome.FAILED])
    raise typer.Exit(LOADING[Outcome.REJECTED if ingested.receipt.rejected else Outcome.DONE])


@ingest.command()
def status(
    batch: Annotated[str | None, typer.Argument(help="The batch.", show_default="the latest ones")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most batches to show.")] = 20,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Show the receipt of a batch with its rejections, or the batches whose receipts were written last."""
    if batch is not None and not is_batch_id(batch):
        raise typer.BadParameter("a batch is bat_ and 32 hex digits, as `txn ingest` prints it")
    book = ReceiptBook(system_at(data_dir, aws=aws).settings)
    if batch is not None:
        _show_batch(*asyncio.run(book.of_batch(BatchId(batch))), as_json=as_json)
    else:
        _show_latest(*asyncio.run(book.latest(limit)), as_json=as_json)


def _show_batch(shown: ShownReceipt, rejections: list[Rejection] | DamagedReceiptError, *, as_json: bool) -> None:
    known = rejections if isinstance(rejections, list) else []
    if as_json:
        say_document(batch_report.document(shown) | {"rejections": batch_report.rejects_document(known)})
    else:
        say(*batch_report.lines(shown), *batch_report.rejects_lines(known))
    if isinstance(rejections, DamagedReceiptError):
        raise rejections


def _show_latest(found: list[ShownReceipt], damaged: list[DamagedReceiptError], *, as_json: bool) -> None:
    if as_json:
        batches, faults = map(batch_report.document, found), map(batch_report.damaged_document, damaged)
        say_document({"batches": list(batches), "damaged": list(faults)})
    elif found:
        _print_table(found)
    elif not damaged:
        say("No file was taken in yet: `txn ingest FILE`")
    if damaged:
        more = f" ({len(damaged):,} are like that: --json names all of them)" if len(damaged) > 1 else ""
        raise StoreError(f"{damaged[0]}{more}")


def _print_table(found: list[ShownReceipt]) -> None:
    where = console()
    if not where.is_terminal:
        where.width = PRINTED_COLUMNS
    where.print(batch_report.table(found))


def _warehouse(system: System, data_dir: Path | None) -> LoadedWarehouse:
    """The warehouse of a system, to be waited for.

    Raises:
        SettingsError: there is none.
    """
    from txn_cli.batches.published_warehouse import opened_warehouse  # noqa: PLC0415 - the extra `warehouse`

    if (found := opened_warehouse(system, data_dir)) is None:
        raise SettingsError(
            "there is no warehouse to wait for: fill one with `txn warehouse run`, or say --wait lake"
        )
    return found


async def _ingest(system: System, target: Target, file: str, reading: Reading, *, again: bool) -> Ingested:
    with Meter("Taking in") as meter:
        particulars = "" if reading == Reading() else reading.particulars()
        return await Ingestion(system.settings, target, meter).take_in_file(file, reading, particulars, again=again)


async def _wait(system: System, ingested: Ingested, warehouse: LoadedWarehouse | None, timeout_s: float) -> None:
    with Meter("Waiting") as meter:
        async with Observer.open(system.settings, system.urls) as observer:
            await wait_for_lake(
                observer, ingested.written_at, timeout_s, lambda note: meter.show(None, f"for the lake: {note}")
            )
        if warehouse is not None:
            meter.show(None, "for the warehouse")
            async with Aws(system.settings).lake() as lake:
                raw_objects = [key async for key in lake.keys(RAW_PREFIX)]
            await wait_for_warehouse(warehouse, raw_objects, timeout_s)
