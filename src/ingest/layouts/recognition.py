"""Which layout a file has, told by its header; and what is wrong with a file that has none."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest.layouts.csv_records import BrokenRecord, CsvRecord, records
from ingest.layouts.header import Header, missing
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.model import REQUIRED, SEPARATORS, Layout
from ingest.layouts.reading_options import Reading

_DIGITS_OF_A_VALUE: Final = 6
_COLUMNS_NAMED: Final = 6
_BROKEN: Final = {
    "encoding": "its header is not UTF-8: convert it, such as by iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW",
    "line_too_long": "its first line is longer than 64 KiB, so that it is no table of rows",
    "quoting": "its header has a quote that does not fit (RFC 4180)",
}


@dataclass(frozen=True, slots=True)
class _Fit:
    """How the beginning of a file fits a layout under a separator."""

    layout: Layout
    separator: str
    cells: Sequence[str]
    missing: Sequence[str]
    broken: str | None
    """What is wrong with the header under this separator, a code of `csvrecords`."""

    @property
    def share_missing(self) -> float:
        """Missing columns by needed ones, so that layouts of different sizes compare."""
        return len(self.missing) / max(1, len(missing(self.layout, Header([]))))


def recognise(head: bytes, reading: Reading) -> tuple[Layout, str]:
    """The layout and the separator of a file that begins with `head`.

    Raises:
        LayoutError: it is in none of the layouts that it may be in. Says what is wrong and what to do.
    """
    if b"\n" not in head and b"\r" in head.rstrip(b"\r"):
        raise LayoutError("its lines end in CR alone: convert it by tr '\\r' '\\n' < FILE > NEW")
    fits = [_fit(head, layout, reading.separator or layout.separator) for layout in reading.candidates]
    best = min(fits, key=lambda fit: fit.share_missing)
    if not best.missing:
        return best.layout, best.separator
    raise (
        _other_separator(head, reading)
        or _broken(fits)
        or _no_header(best)
        or _no_column(best, reading)
        or _other(best, reading)
    )


def _fit(head: bytes, layout: Layout, separator: str) -> _Fit:
    first = next(records(io.BytesIO(head), separator), None)
    broken = first.code if isinstance(first, BrokenRecord) else None
    cells = first.cells if isinstance(first, CsvRecord) else []
    return _Fit(layout, separator, cells, missing(layout, Header(cells)), broken)


def _other_separator(head: bytes, reading: Reading) -> LayoutError | None:
    for layout in reading.candidates:
        expected = reading.separator or layout.separator
        for separator, name in SEPARATORS.items():
            if separator != expected and not _fit(head, layout, separator).missing:
                option = "tab" if separator == "\t" else f"'{separator}'"
                return LayoutError(
                    f"its columns are those of layout {layout.name}, but separated by {name}, not by "
                    f"{SEPARATORS[expected]}: say --separator {option}"
                )
    return None


def _broken(fits: Sequence[_Fit]) -> LayoutError | None:
    """The error of a file whose header is none under any separator."""
    codes = [fit.broken for fit in fits if fit.broken is not None]
    return LayoutError(_BROKEN[codes[0]]) if len(codes) == len(fits) else None


def _no_header(best: _Fit) -> LayoutError | None:
    """The error of a file whose first line is a row: no column is known, and some cell is a long number."""
    if any(_is_value(cell) for cell in best.cells):
        needed = (
            column.column[0] for _, column in best.layout.fields() if column.column and not column.may_be_absent
        )
        names = best.separator.join(dict.fromkeys(needed))
        return LayoutError(
            f"it has no header: write one above its rows with the names of its columns, as layout {best.layout.name} "
            f"has them in any order ({names})"
        )
    return None


def _is_value(cell: str) -> bool:
    digits = cell.strip().replace(".", "").replace("-", "").replace(":", "").replace(" ", "")
    return len(digits) >= _DIGITS_OF_A_VALUE and digits.isdigit()


def _no_column(best: _Fit, reading: Reading) -> LayoutError | None:
    """The error of a file whose header has nothing in common with any of several layouts."""
    if best.share_missing < 1 or len(reading.candidates) == 1:
        return None
    names = ", ".join(layout.name for layout in reading.candidates)
    return LayoutError(
        f"its first line has no column of a layout that is known ({names}): name the file's own columns by "
        "--map LAYOUT=FILE, such as --map amt=amount, or write a layout for it (docs/loading.md)"
    )


def _other(best: _Fit, reading: Reading) -> LayoutError:
    """The error of a file that lacks columns of the layout that fits it best."""
    # What the header holds besides is not shown: in a file without one it would be somebody's card number.
    more = len(best.missing) - _COLUMNS_NAMED
    lacks = ", ".join(best.missing[:_COLUMNS_NAMED]) + (f" and {more} more" if more > 0 else "")
    first = best.missing[0].split("'")[1]
    if (mapped := next((ours for ours, theirs in reading.maps if theirs == first), None)) is not None:
        return LayoutError(f"the header lacks {lacks}: name by --map {mapped}=COLUMN a column that it has")
    needed = any(first in column.column for pointer, column in best.layout.fields() if pointer in REQUIRED)
    without = "" if needed else f", or --map {first}= if it has none"
    return LayoutError(
        f"it is not in layout {best.layout.name}: the header lacks {lacks}. Name the file's own column by "
        f"--map {first}=COLUMN{without}, or say another --layout"
    )
