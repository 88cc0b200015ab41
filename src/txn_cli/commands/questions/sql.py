"""`txn sql`: questions and queries to the warehouse, read-only."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from txn_cli.answers.formats import Format, format_of
from txn_cli.commands.place import StackOption, announce
from txn_cli.exit_codes import ACTING, Outcome
from txn_cli.terminal import console, say
from txn_cli.warehouse.engines import Engine, engine_of
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from warehouse.questions.catalogue import Question, is_name, question_of, questions
from warehouse.sql.reader_roles import Role

if TYPE_CHECKING:
    from warehouse.sql.asking import Reader
    from warehouse.sql.query_result import QueryResult

PRINTED_COLUMNS: Final = 160
"""How wide a table is that is printed where there is no terminal."""


def _asked(name: str) -> Engine:
    """The engine to ask. Redshift and the tables of Spark are asked by their own clients."""
    engine = engine_of(name)
    if engine not in {Engine.DUCKDB, Engine.POSTGRES}:
        raise typer.BadParameter(
            f"`txn sql` asks DuckDB and PostgreSQL alone: ask {engine} by its own client (docs/warehouse.md)"
        )
    return engine


def sql(
    query: Annotated[
        str | None, typer.Argument(metavar="[SQL|q01..q12]", help="One SELECT, or a question by its name.")
    ] = None,
    *,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="How the answer is written.", show_default="table, or by the file's ending"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write; its ending names the format.", show_default="standard output")
    ] = None,
    role: Annotated[Role, typer.Option(help="Who asks: stewards see star.dim_customer whole.")] = Role.ANALYST,
    target: Annotated[
        Engine, typer.Option(parser=_asked, metavar="[duckdb|postgres]", help="Which warehouse is asked.")
    ] = Engine.DUCKDB,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=86_400, help="How long the query may take at most, seconds.")
    ] = 60.0,
    data_dir: StackOption = None,
) -> None:
    """Ask the warehouse in SQL, or one of the twelve questions; without either, list the questions.

    The tables are those of star and marts. SQL cannot write, and reads neither files nor the network. In an
    answer to a question, cells of 1 to 4 customers are empty, and others that would tell of them.
    """
    if query is None:
        _list(_console())
        return
    question = question_of(query) if is_name(query) else None
    written = format_of(form, output)
    settings = Settings.from_environment()
    try:
        with _reader(target, role, timeout, data_dir, settings) as reader:
            _answer(reader, query, question, written, output)
    except KeyboardInterrupt:
        say("txn: interrupted", error=True)
        raise typer.Exit(ACTING[Outcome.INTERRUPTED]) from None
    except BrokenPipeError:
        # Whoever read has seen enough. Python would complain when it flushes standard output at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end_process(reason: str) -> None:
    """End at once, since the thread that runs the query takes no interruption; called in another one."""
    say(f"txn: {reason}", error=True)
    os._exit(ACTING[Outcome.FAILED])


def _list(shown: Console) -> None:
    table = Table("name", "question", "what it answers", box=None, pad_edge=False)
    for question in questions():
        table.add_row(*map(Text, (question.name, question.title, question.answers)))
    shown.print(table)


def _console() -> Console:
    made = console()
    if not made.is_terminal:
        made.width = PRINTED_COLUMNS
    return made


@contextmanager
def _reader(
    target: Engine, role: Role, timeout_s: float, data_dir: Path | None, settings: Settings
) -> Iterator["Reader"]:
    from txn_cli.warehouse.warehouse_place import folder_of  # noqa: PLC0415 - the extra `warehouse`, here and below
    from warehouse.sql.bounds import Bounds  # noqa: PLC0415
    from warehouse.sql.duckdb_reader import open_duckdb  # noqa: PLC0415
    from warehouse.sql.postgres_reader import open_postgres  # noqa: PLC0415

    bounds = Bounds(settings.warehouse_memory, settings.warehouse_threads, timeout_s)
    if target is Engine.DUCKDB:
        is_local = settings.warehouse_folder is None
        folder = folder_of(settings, data_dir, is_local=is_local).root
        announce(f"DuckDB in {folder}, as {role}")
        with open_duckdb(folder, role, bounds, _end_process) as duckdb:
            yield duckdb
        return
    if settings.warehouse_postgres_url is None:
        raise SettingsError("TXN_WAREHOUSE_POSTGRES_URL is not set: it names the PostgreSQL to ask")
    announce(f"PostgreSQL, as {role}")
    with open_postgres(settings.warehouse_postgres_url.get_secret_value(), role, bounds) as postgres:
        yield postgres


def _answer(reader: "Reader", query: str, question: Question | None, form: Format, output: Path | None) -> None:
    from warehouse.sql.asking import ask  # noqa: PLC0415

    if question is None:
        _write(reader.answer(query), question, form, output)
        return
    answer, hidden = ask(reader, question)
    _write(answer, question, form, output)
    if hidden.rows:
        count = f"{len(hidden.rows):,}"
        say(f"{count} cells are empty: those of 1 to 4 customers, and others that would tell of them", error=True)


def _write(answer: "QueryResult", question: Question | None, form: Format, output: Path | None) -> None:
    from txn_cli.answers import answer_table  # noqa: PLC0415
    from txn_cli.answers.answer_file import LINES, write_answer  # noqa: PLC0415

    if output is not None:
        write_answer(answer, output, form)
    elif form is Format.TABLE:
        shown = _console()
        if question is not None:
            say(f"{question.title}. {question.answers}")
        if answer_table.show_answer(answer, shown, question):
            say(f"These are the first {answer_table.ROWS_MAX:,} rows: --format csv writes all", error=True)
    else:
        for line in LINES[form](answer):
            say(line)
