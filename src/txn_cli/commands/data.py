"""`txn simulate`, `txn load`, `txn verify`: rows made, rows sent, rows compared with what is stored.

Only `verify` reads the lake, so that the others need no extra.
"""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from ingest.api_client.client import ApiClient
from ingest.api_client.retry import RetryPolicy
from ingest.files.source import STANDARD_INPUT, Source
from ingest.layouts.reading_options import Reading
from ingest.upload.delivery import BulkDelivery, SingleDelivery, UndeliveredError
from ingest.upload.tolerance import Tolerance
from ingest.upload.totals import LoadTotals
from txn_cli.api_client.presented_key import ApiKeyFileOption, ApiKeyOption, presented_key
from txn_cli.api_client.target import Target, lake_is_named
from txn_cli.commands.file_options import FileArgument, LayoutOption, MapOption, MemberOption, SeparatorOption
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, TargetOption, announce
from txn_cli.exit_codes import CHECKING, LOADING, Outcome, UnsettledError
from txn_cli.load.bookmark import Bookmark
from txn_cli.load.file import FileLoad
from txn_cli.load.summary import LoadSummary
from txn_cli.output.described import described_lake
from txn_cli.output.meter import Meter
from txn_cli.output.named import DEFAULT_FOLDER, Named
from txn_cli.output.reasons import cannot_write
from txn_cli.simulator.output import opened, paced
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_cli.stack.attachment import attach, given_to
from txn_cli.stack.datadir import DataDir
from txn_cli.terminal import console, say, say_document
from txn_cli.verify.verify_report import EXPLANATIONS, Report
from txn_cli.warehouse.engines import Engine
from txn_core.card_numbers.issuer_ranges import IssuerRanges
from txn_core.card_numbers.pan import LENGTHS
from txn_core.exceptions import SettingsError, StackError, TxnError

if TYPE_CHECKING:
    from txn_cli.verify.warehouse_comparison import WarehouseTables
    from txn_cli.verify.warehouse_forms import Form

FAULTS_SHOWN = 10

UrlOption = Annotated[str | None, typer.Option("--url", help="Base URL of the API.", show_default="the local stack")]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="Only the first N rows.")]


def simulate(
    *,
    rows: Annotated[int, typer.Option(min=0, help="How many rows.")] = 1_000,
    cards: Annotated[int, typer.Option(min=1, help="How many cards, each with a customer.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed and cards make the same rows.")] = 1,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Rows a second.", show_default="at once")] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write, gzipped if it ends in .gz.", show_default="standard output")
    ] = None,
) -> None:
    """Write made-up rows in the Kaggle layout, with made-up card numbers."""
    made = simulate_rows(rows=rows, cards=cards, seed=seed)
    try:
        with Meter("Simulating") as meter, opened(out) as file:
            shown = _shown(made, rows, meter) if out else made
            write_rows(paced(shown, rate) if rate else shown, file, flush_each=rate is not None)
    except BrokenPipeError:
        # Whoever read has seen enough. Python would complain when it flushes standard output at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise TxnError(cannot_write(out or "standard output", error)) from None


def load(
    file: FileArgument,
    *,
    layout: LayoutOption = None,
    renames: MapOption = None,
    separator: SeparatorOption = None,
    member: MemberOption = None,
    limit: LimitOption = None,
    single: Annotated[bool, typer.Option("--single", help="One request a row, several at once.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Write each rejection's line, field and code here (.csv, else NDJSON).")
    ] = None,
    max_rejects: Annotated[
        str | None,
        typer.Option(
            "--max-rejects",
            metavar="N|P%",
            help="Still exit with 0 when at most this many rows are rejected.",
            show_default="0",
        ),
    ] = None,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    api_key_file: ApiKeyFileOption = None,
) -> None:
    """Load a file through the API. After an interruption the same command goes on where it stopped.

    Every row ends up accepted, or rejected with its line, column and reason. Loading a file again is safe: rows
    without an id get one that is derived from their content. Exit code 0 when all were accepted, 3 when some were
    rejected, 4 when the outcome of some is unknown.
    """
    tolerance = _tolerance(max_rejects)
    reading = Reading.of(layout=layout, renames=renames or (), separator=separator, member=member)
    named = Named(data_dir)
    target = _target(file, url, api_key, api_key_file, named)
    announce(target.where)
    with Source.open(file, reading) as source:
        particulars = [target.url, str(limit), str(rejects and rejects.absolute()), reading.particulars()]
        bookmark = (
            Bookmark.of(
                DataDir.at(data_dir or DEFAULT_FOLDER).root / "loads",
                Path(file),
                api_key=target.api_key,
                particulars=particulars,
            )
            if source.is_rereadable
            else None
        )
        advice = "the same command goes on there" if bookmark else "send the rows again"
        advice += "; a row that is sent twice is stored once"
        try:
            totals = asyncio.run(_load(FileLoad(source, limit, rejects, bookmark), target, single=single))
        except KeyboardInterrupt:
            say(f"txn: interrupted: {advice}", error=True)
            raise typer.Exit(LOADING[Outcome.INTERRUPTED]) from None
        except UndeliveredError as error:
            raise UnsettledError(f"{error}. All rows before them are settled: {advice}") from error
    if as_json:
        say_document(totals.document())
    else:
        rate = totals.read / totals.seconds if totals.seconds else 0.0
        say(
            f"{totals.read:,} rows read, {totals.accepted:,} accepted, {totals.rejected:,} rejected "
            f"in {totals.seconds:.1f} s ({rate:,.0f} rows/s)"
        )
    raise typer.Exit(LOADING[Outcome.DONE if tolerance.bears(totals) else Outcome.REJECTED])


def verify(
    file: FileArgument,
    *,
    layout: LayoutOption = None,
    renames: MapOption = None,
    separator: SeparatorOption = None,
    member: MemberOption = None,
    limit: LimitOption = None,
    warehouse: Annotated[
        bool, typer.Option("--warehouse", help="Also compare with the warehouse's landing and transactions.")
    ] = False,
    engine: TargetOption = Engine.DUCKDB,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    api_key_file: ApiKeyFileOption = None,
) -> None:
    """Compare a file with the index, the raw lake, and the warehouse if asked; exit code 0 only when they agree.

    Rows that the service rejects are not expected to be stored. Let the workers catch up first:
    `txn status --wait-caught-up`, then `txn warehouse run`. In PostgreSQL the normalised database is compared, too,
    if there is one. The lake of a service elsewhere must be named, too: by --aws, or by TXN_*. Exit code 1 when
    something differs, 2 when the comparison is impossible.
    """
    reading = Reading.of(layout=layout, renames=renames or (), separator=separator, member=member)
    named = Named(data_dir, aws)
    target = _target(file, url, api_key, api_key_file, named)
    with Source.open(file, reading) as source:
        exempt = _lake(target, named)
        with _warehouse(engine if warehouse else None, target, named) as (tables, forms):
            compared = {"luhn_exempt": exempt, "warehouse": tables, "forms": forms}
            report = asyncio.run(_verify(source, limit, target, compared))
    if as_json:
        say_document(report.document())
    else:
        console().print(_table(report))
    raise typer.Exit(CHECKING[Outcome.DONE if report.all_right else Outcome.FINDING])


def _tolerance(text: str | None) -> Tolerance:
    try:
        return Tolerance() if text is None else Tolerance.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"--max-rejects: {error}") from None


def _target(file: str, url: str | None, api_key: str | None, api_key_file: str | None, named: Named) -> Target:
    if STANDARD_INPUT == file == api_key_file:
        raise typer.BadParameter("the rows and the key cannot both come from standard input")
    return Target.of(url=url, api_key=presented_key(api_key, api_key_file, url=url), named=named)


async def _load(work: FileLoad, target: Target, *, single: bool) -> LoadTotals:
    place = work.place()
    with Meter("Loading") as meter:
        summary = LoadSummary(meter, rejects=work.rejects)
        work.source.on_recognised = summary.begin
        if place.totals.read:
            meter.say(f"Going on after {place.totals.read:,} rows that an earlier run has settled")
        async with ApiClient.connect(target.url, target.api_key) as client:
            await client.reach()
            policy = RetryPolicy(notice=meter.say)
            delivery = SingleDelivery(client, policy) if single else BulkDelivery(client, policy)
            totals = await work.run(place, delivery, summary.progress)
        summary.end(totals)
        return totals


def _lake(target: Target, named: Named) -> IssuerRanges:
    """Say which service and lake are compared with; the card numbers that they take without a check digit.

    Raises:
        TxnError: no lake is named.
    """
    if target.stack is None:
        if not lake_is_named(named):
            raise SettingsError(
                "the lake of that service is not known: say --aws with TXN_BUCKET, set TXN_S3_ENDPOINT_URL, "
                "or name the folder of its stack with --data-dir"
            )
        lake = described_lake()
        announce(f"{target.where}, lake in {lake.where}")
        return lake.settings.luhn_exempt
    announce(target.where)
    ranges = given_to(DataDir.at(named.folder or DEFAULT_FOLDER)).get("TXN_LUHN_EXEMPT_RANGES", "")
    return IssuerRanges.parse(ranges, lengths=LENGTHS)


@contextmanager
def _warehouse(
    engine: Engine | None, target: Target, named: Named
) -> "Iterator[tuple[WarehouseTables | None, Sequence[Form]]]":
    """The warehouse to compare with and which of its tables, held for the block; nothing where none is asked for."""
    if engine is None:
        yield None, ()
        return
    from txn_cli.verify.warehouse_forms import OF_ANALYSTS, OLTP  # noqa: PLC0415 - where asked alone
    from txn_cli.warehouse.reading import read_warehouse  # noqa: PLC0415 - the extra `warehouse`

    is_local = target.stack is not None
    settings = attach(DataDir.at(named.folder or DEFAULT_FOLDER)) if is_local else described_lake().settings
    if settings is None:
        raise StackError("the stack has stopped meanwhile: start it with `txn up`")
    with read_warehouse(engine, settings, named.folder, is_local=is_local) as found:
        oltp = (OLTP,) if found.has_table("oltp", "transaction") else ()
        yield found, (*OF_ANALYSTS, *oltp)


async def _verify(source: Source, limit: int | None, target: Target, compared: Mapping[str, Any]) -> Report:
    """Compare; `compared` are the options of an audit that say with what."""
    from txn_cli.verify.audit import Audit  # noqa: PLC0415 - the extra `lake`
    from txn_cli.verify.lake import open_lake  # noqa: PLC0415 - the same

    read = shown = 0
    with Meter("Verifying") as meter:

        def progress(what: str, rows: int) -> None:
            nonlocal read
            part = None
            if what == "file":
                read, part = rows, source.fraction if limit is None else rows / limit
            elif what == "index" and read:
                part = rows / read
            meter.show(part, f"{rows:,} rows of the {what}")

        def fault(line: int, what: str) -> None:
            nonlocal shown
            shown += 1
            if shown <= FAULTS_SHOWN:
                meter.say(f"line {line}: {what.replace('_', ' ')}")

        async with ApiClient.connect(target.url, target.api_key) as client, open_lake(target.stack) as lake:
            await client.reach()
            policy = RetryPolicy(notice=meter.say)
            rows = source.rows(limit)
            begun = list(islice(rows, 1))  # what is wrong with the file is said before what is wrong with the key
            await policy.attempt(client.require_customers)
            audit = Audit(client, lake, on_progress=progress, on_fault=fault, policy=policy, **compared)
            return await audit.run(chain(begun, rows))


def _table(report: Report) -> Table:
    table = Table("", Column("count", justify="right"), "", box=None, pad_edge=False)
    for name, count in report.document().items():
        table.add_row(name, f"{count:,}", EXPLANATIONS[name])
    return table


def _shown(made: Iterator[dict[str, str]], rows: int, meter: Meter) -> Iterator[dict[str, str]]:
    for number, row in enumerate(made, start=1):
        if number % 1_000 == 0:
            meter.show(number / rows, f"{number:,} rows")
        yield row
