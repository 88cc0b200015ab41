"""What a file's row is turned away for, in terms of the file: line, column, code. Never what stood there."""

from dataclasses import dataclass
from typing import Final

ENTIRE_ROW: Final = "row"


@dataclass(frozen=True, slots=True)
class Rejection:
    """One fault of one row.

    `line` is where the row starts in the file, 1-based, the header being line 1; `field` the file's column, or
    `row` when the fault is of the row as a whole; `code` is stable and `message` its fixed text.
    """

    line: int
    field: str
    code: str
    message: str
