"""In which format an answer is written, by what the command line says."""

from enum import StrEnum
from pathlib import Path

import typer


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def format_of(asked: Format | None, output: Path | None) -> Format:
    """The format that is asked for, or else the file's ending, or a table.

    Raises:
        BadParameter: the format is not one for a file, or not one for standard output.
    """
    if output is None:
        if asked is Format.PARQUET:
            raise typer.BadParameter("--format parquet needs --output FILE")
        return asked or Format.TABLE
    by_ending = {f".{form}": form for form in (Format.CSV, Format.JSON, Format.PARQUET)}
    form = asked or by_ending.get(output.suffix.lower())
    if form is None or form is Format.TABLE:
        raise typer.BadParameter("--output needs --format csv, json or parquet")
    return form
