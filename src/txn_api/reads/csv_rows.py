"""Transactions as CSV (RFC 4180) for people with spreadsheets, who must not be attacked by what a terminal sent.

A spreadsheet takes a cell for a formula that begins with one of a few signs (OWASP, "CSV Injection"; CWE-1236).
Text that would begin so gets an apostrophe in front. Since a spreadsheet may split cells elsewhere than we do, a
semicolon or a tab within a text counts as the beginning of a cell too. Numbers are numbers and stay as they are.
The way back is to take away each apostrophe that stands where a cell begins, before a formula.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from pydantic_core import to_json

from txn_api.reads.fields import AMOUNT, CONFLICTS, amount_of

_CELL_BEGINS: Final = r"(?:^|(?<=[;\t\r\n]))"
# Full-width forms are formulas in some locales; blanks, quotes and apostrophes in front may be dropped.
_FORMULA: Final = r"""['"\s]*[=+\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20]"""
_DANGEROUS: Final = re.compile(f"{_CELL_BEGINS}(?={_FORMULA})")
# Nearly every text has neither, and is not searched any closer.
_BEGINS_DANGEROUSLY: Final = re.compile(_FORMULA).match
_SPLITS: Final = re.compile(r"[;\t\r\n]").search
END: Final = "\r\n"


def header(columns: Iterable[Sequence[str]]) -> str:
    """The first line: the names of the columns, inner fields with a dot."""
    return ",".join(_quoted(".".join(path)) for path in columns) + END


def row(columns: Iterable[Sequence[str]], event: Mapping[str, Any], conflicts: int) -> str:
    """A line: an event's fields, empty where there is nothing, and the number of its conflicts."""
    return ",".join(_cell(_value(path, event, conflicts)) for path in columns) + END


def _value(path: Sequence[str], event: Mapping[str, Any], conflicts: int) -> object:
    if path[0] == CONFLICTS:
        return conflicts
    if path[0] == AMOUNT:
        return amount_of(event)
    value = event.get(path[0])
    return value.get(path[1]) if len(path) > 1 and value is not None else value


def _cell(value: object) -> str:
    """Text is always quoted and nothing else ever: a cell with nothing in it is nothing, not an empty text."""
    if value is None:
        return ""
    if isinstance(value, Mapping):  # metadata
        value = to_json(value).decode()
    if isinstance(value, str):
        dangerous = _BEGINS_DANGEROUSLY(value) or _SPLITS(value)
        return _quoted(_DANGEROUS.sub("'", value) if dangerous else value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, Decimal) else repr(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
