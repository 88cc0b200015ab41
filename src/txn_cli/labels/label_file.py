"""A file of labels: CSV with a header, such as an acquirer's list of chargebacks, or one JSON document a line.

Columns are the members of a label (`transaction_id`, `value`, `source`, `labelled_at`, `reason`). Only the first is
needed: what a chargeback file does not say is `fraud`, by `chargeback`. A date alone is its first moment in UTC.
What is wrong with a row is for the service to say.
"""

import csv
import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from ingest.files.file_errors import cannot_read
from txn_core.exceptions import TxnError
from txn_core.printable import printable

COLUMNS: Final = ("transaction_id", "value", "source", "labelled_at", "reason")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def labels_of(path: Path, *, value: str, source: str) -> Iterator[tuple[int, bytes]]:
    """The labels of a file as bodies, each with the number of the line on which it ends.

    Raises:
        TxnError: the file cannot be read, or is no such file.
    """
    with _opened(path) as file:
        if path.name.removesuffix(".gz").endswith((".ndjson", ".jsonl")):
            yield from ((number, line.strip().encode()) for number, line in enumerate(file, start=1) if line.strip())
            return
        rows = csv.DictReader(file)
        columns = [name.strip() for name in rows.fieldnames or ()]
        if "transaction_id" not in columns or not set(columns) <= set(COLUMNS) or len(set(columns)) < len(columns):
            raise TxnError(f"{printable(str(path))} needs a header with transaction_id, and of {', '.join(COLUMNS)}")
        rows.fieldnames = columns
        for row in rows:
            yield rows.line_num, _body({**row}, value=value, source=source)


def _body(row: dict[str | None, str | list[str]], *, value: str, source: str) -> bytes:
    label = {"value": value, "source": source}
    # A cell too many stands under no name: the service refuses the row, and need not see the cell.
    label |= {name: cell.strip() for name, cell in row.items() if name and isinstance(cell, str) and cell.strip()}
    if None in row:
        label["beyond_the_header"] = ""
    if _DATE.fullmatch(label.get("labelled_at", "")):
        label["labelled_at"] += "T00:00:00Z"
    return json.dumps(label).encode()


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        opener = gzip.open if path.name.endswith(".gz") else open
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            yield file
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        named = printable(str(path))
        if isinstance(error, OSError) and error.strerror:
            raise TxnError(cannot_read(named, error)) from None
        raise TxnError(f"cannot read {named}: it is no text in UTF-8: export it as CSV in UTF-8") from None
