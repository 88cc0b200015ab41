"""Tables as text that is the same whichever engine they come from, and where two of them differ.

Only the standard library is used: the environments of the engines read this file, too.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

SHOWN: Final = 5
_DATED: Final = "%Y-%m-%dT%H:%M:%S.%f"


@dataclass(frozen=True, slots=True)
class TableRows:
    """What a table or an answer holds: its columns in order, and each row as one line of JSON.

    The rows of a table are sorted. Those of an answer keep their order, which is part of it.
    """

    columns: tuple[str, ...]
    rows: tuple[str, ...]

    @classmethod
    def of(cls, columns: Iterable[str], rows: Iterable[Sequence[object]], *, ordered: bool = False) -> "TableRows":
        """Rows as an engine's client gave them."""
        lines = (json.dumps([value_text(value) for value in row], ensure_ascii=False) for row in rows)
        return cls(tuple(columns), tuple(lines if ordered else sorted(lines)))

    @property
    def digest(self) -> str:
        """SHA-256 of columns and rows."""
        return hashlib.sha256("\n".join((json.dumps(self.columns), *self.rows)).encode()).hexdigest()

    def write(self, file: Path) -> None:
        """Keep them in a file: the columns, then a line for each row."""
        file.write_text("\n".join((json.dumps(self.columns), *self.rows)), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> "TableRows":
        """What `write` kept."""
        first, *rows = file.read_text(encoding="utf-8").split("\n")
        return cls(tuple(json.loads(first)), tuple(rows))


def value_text(value: object) -> str | bool | None:
    """A value in one form: numbers without needless zeros, times in UTC with microseconds."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float | Decimal):
        text = format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")
        text = text.rstrip("0").removesuffix(".") if "." in text else text
        return "0" if text == "-0" else text
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).strftime(_DATED)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no form for a {type(value).__name__}")


def differences(
    left: Mapping[str, TableRows], right: Mapping[str, TableRows], names: tuple[str, str]
) -> Iterator[str]:
    """Where two engines differ, table by table, with the first rows that only one of them has."""
    for table in sorted(left.keys() | right.keys()):
        one, other = left.get(table), right.get(table)
        if one is None or other is None:
            yield f"{table}: only in {names[0] if other is None else names[1]}"
        elif one.columns != other.columns:
            yield f"{table}: columns {', '.join(one.columns)} and {', '.join(other.columns)}"
        elif one.rows != other.rows:
            yield from _rows_of(table, one, other, names)


def _rows_of(table: str, one: TableRows, other: TableRows, names: tuple[str, str]) -> Iterator[str]:
    counts = Counter(one.rows), Counter(other.rows)
    missing = counts[0] - counts[1], counts[1] - counts[0]
    if not any(missing):
        place = next(i for i, pair in enumerate(zip(one.rows, other.rows, strict=True)) if pair[0] != pair[1])
        yield f"{table}: the same rows in another order, from row {place + 1} on"
    for name, rows in zip(names, missing, strict=True):
        if total := rows.total():
            yield f"{table}: {total} of {len(one.rows)} and {len(other.rows)} rows only in {name}, such as"
            yield from (f"  {row}" for row in islice(sorted(rows), SHOWN))


def read_folder(folder: Path) -> Mapping[str, TableRows]:
    """All tables and answers that were kept in a folder, by name."""
    return {file.stem: TableRows.read(file) for file in sorted(folder.glob("*.jsonl"))}


def write_folder(folder: Path, tables: Mapping[str, TableRows]) -> None:
    """Keep tables and answers in a folder, a file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write(folder / f"{name}.jsonl")
