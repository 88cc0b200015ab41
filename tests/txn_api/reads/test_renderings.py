"""Pages of rows, written so that others get their turns."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from tests.builders import encoded
from txn_api.reads import renderings
from txn_api.reads.fields import selection_of
from txn_api.reads.negotiation import Form
from txn_api.reads.renderings import Rendering
from txn_api.writes.turns import Turns
from txn_core.dynamodb.ranges import Row, SortKey


def rows(count: int) -> Sequence[Row]:
    """So many rows of one event."""
    return [Row(SortKey("sort"), encoded().data.decode())] * count


@pytest.mark.parametrize(
    ("rendering", "at_once"),
    [
        (Rendering(Form.CSV, None), renderings.ROWS_AT_ONCE),
        (Rendering(Form.JSON, selection_of("amount_minor")), renderings.ROWS_AT_ONCE),
        (Rendering(Form.JSON, None), renderings.DOCUMENTS_AT_ONCE),
    ],
    ids=["a table", "some fields", "documents"],
)
@pytest.mark.parametrize("pages", [1, 10])
async def test_pages_are_written_a_few_rows_a_turn(rendering: Rendering, at_once: int, pages: int) -> None:
    """However many pages are written at the same time, and however long they are."""
    turns, found = Turns(lambda: 0.0, lambda: 0.0), rows(1_000)
    turn = partial(turns.turn, "acme")
    writing = asyncio.gather(*(rendering.page(found, next_cursor=None, turn=turn) for _ in range(pages)))
    passed = 0
    while not writing.done():
        await asyncio.sleep(0)
        passed += 1
    assert passed >= pages * len(found) / at_once
    assert len({*await writing}) == 1
