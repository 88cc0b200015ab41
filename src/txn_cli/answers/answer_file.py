"""An answer in a file that is whole or not there: written beside and renamed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from txn_cli.answers.formats import Format
from warehouse.sql.exports import csv_records, json_lines, write_parquet
from warehouse.sql.query_errors import QueryError
from warehouse.sql.query_result import QueryResult

LINES: Final[Mapping[Format, Callable[[QueryResult], Iterator[str]]]] = {
    Format.CSV: csv_records,
    Format.JSON: json_lines,
}
"""The formats that are text."""


def write_answer(answer: QueryResult, file: Path, form: Format) -> None:
    """Write an answer to a file, in place of what is there.

    Raises:
        QueryError: what is there is no file, or the answer fails.
        OSError: it cannot be written.
    """
    with _beside(file) as new:
        if form is Format.PARQUET:
            write_parquet(answer, new)
            return
        with new.open("w", encoding="utf-8", newline="") as text:
            for line in LINES[form](answer):
                text.write(line + "\n")


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """A file in the same folder that takes the name at the end of the block, and goes away when the block raises."""
    if file.exists() and not file.is_file():
        raise QueryError(f"{file} is no file: name another for --output")
    if not file.parent.is_dir():
        raise QueryError(f"there is no folder {file.parent}: make it, or name another for --output")
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as made:
        new = Path(made.name)
    try:
        yield new
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
