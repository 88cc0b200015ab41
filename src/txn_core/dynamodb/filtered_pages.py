"""Pages of a range with what a filter leaves of them.

A filter looks at rows here and not in DynamoDB. DynamoDB bounds what it reads before it filters, so a page would end
at any place. A request examines a bounded number of rows: its page may have few or none, and yet more behind it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from txn_core.dynamodb.ranges import Page, RangeQuery, Row, SortKey

ROWS_EXAMINED_MAX: Final = 1_000
"""Rows that one filtered page examines, as many as a page may have."""
GROWTH: Final = 4  # of the rows before, so many times as many are read next at most

ReadPage = Callable[[RangeQuery], Awaitable[Page]]
Wanted = Callable[[Sequence[Row]], Awaitable[Sequence[bool]]]
"""Says of some rows which of them are wanted."""


async def filtered(query: RangeQuery, read: ReadPage, wanted: Wanted) -> tuple[tuple[Row, ...], SortKey | None]:
    """The wanted rows of a range in order, and behind which sort key the range goes on, if it does.

    There are `query.span.limit` rows at most. There are fewer where the range ends, where `ROWS_EXAMINED_MAX` rows
    were examined, and where a page that was read is short.
    """
    limit, after, found, examined = query.span.limit, query.span.after, list[Row](), 0
    rows_max = min(limit, ROWS_EXAMINED_MAX)
    while True:
        page = await read(replace(query, span=replace(query.span, after=after, limit=rows_max)))
        for row, is_wanted in zip(page.rows, await wanted(page.rows), strict=True):
            after = row.sort
            found += [row] if is_wanted else []
            if len(found) == limit:
                return tuple(found), after if row is not page.rows[-1] else page.goes_on_behind
        examined, after = examined + len(page.rows), page.goes_on_behind
        if after is None or examined >= ROWS_EXAMINED_MAX or len(page.rows) < rows_max:
            return tuple(found), after
        rows_max = _next(examined, len(found), limit)


def _next(examined: int, found: int, limit: int) -> int:
    """How many rows to read next: those that hold what is missing if they are like those before.

    Never fewer than half of those before, so that few reads come to the bound.
    """
    expected = max((limit - found) * examined // found, examined // 2) if found else GROWTH * examined
    return min(expected, GROWTH * examined, ROWS_EXAMINED_MAX - examined)
