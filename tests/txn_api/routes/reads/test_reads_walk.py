"""A walk through a hot merchant's pages while its transactions go on coming in; `make bench-reads` does 100,000."""

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from bench.reads.tally import Tally

from tests.builders import ACCEPTED_AT, body, card_number, encoded, index_item, position, request
from tests.txn_api.conftest import Api

NAME = "Hot & Sons"
ROWS = 600
LIMIT = 150
FIELDS = "transaction_id,occurred_at"
ITEMS_A_WRITE = 25  # BatchWriteItem takes no more
PAUSE_S = 0.002


def _body(number: int) -> dict[str, Any]:
    """A row: four share a second; ids do not follow the times."""
    return body(
        transaction_id=f"{number * 7919 % 1_000_003:08d}",
        card_number=card_number(5),
        merchant={"name": NAME},
        occurred_at=f"2020-01-01T{number // 14400 % 24:02d}:{number // 240 % 60:02d}:{number // 4 % 60:02d}Z",
    )


async def _fill(api: Api) -> list[str]:
    """Rows in the index, and their ids."""
    table, bodies = api.services.transactions, [_body(number) for number in range(ROWS)]
    writes: list[Any] = []
    for number, fields in enumerate(bodies):
        event = encoded(request(**fields), account=api.account, ring=api.services.keys, accepted_at=ACCEPTED_AT)
        writes.append({"PutRequest": {"Item": table.attributes(index_item(event, position(number + 1)))}})
    for first in range(0, ROWS, ITEMS_A_WRITE):
        part: Any = {table._name: writes[first : first + ITEMS_A_WRITE]}
        while part:
            part = (await table._client.batch_write_item(RequestItems=part))["UnprocessedItems"]
    return [fields["transaction_id"] for fields in bodies]


async def _insert(api: Api, numbers: Iterator[int]) -> None:
    """Go on putting rows between those that are there, all over their times, until cancelled."""
    while True:
        number = next(numbers)
        await api.index(_body(number * 397 % ROWS) | {"transaction_id": f"late-{number:08d}"}, number=number)
        await asyncio.sleep(PAUSE_S)


@pytest.mark.timeout(300)  # busy machines take long over some thousand writes
async def test_a_walk_among_inserts_meets_every_row_once(api: Api) -> None:
    """What was there at the start is met once and nothing twice, in order, over all write shards, both ways."""
    there, numbers = await _fill(api), itertools.count()
    inserting = [asyncio.create_task(_insert(api, numbers)) for _ in range(2)]
    walks = {order: await _walked(api, order) for order in ("asc", "desc")}
    for task in inserting:
        task.cancel()
    ended = await asyncio.gather(*inserting, return_exceptions=True)
    assert all(isinstance(error, asyncio.CancelledError) for error in ended)
    for order, found in walks.items():
        tally = Tally(there)
        tally.meet(transaction_id for _, transaction_id in found)
        assert (tally.missed, tally.doubled) == (0, 0)
        assert tally.inserted > 0
        assert found == sorted(found, reverse=order == "desc")


async def _walked(api: Api, order: str) -> list[tuple[str, str]]:
    """Time and id of each row, in the order in which they were met."""
    asked: dict[str, Any] = {"merchant_name": NAME, "order": order, "limit": LIMIT, "fields": FIELDS}
    found: list[tuple[str, str]] = []
    while True:
        page = (await api.client.get("/transactions", params=asked)).json()
        found += [(row["occurred_at"], row["transaction_id"]) for row in page["data"]]
        if not page["has_more"]:
            return found
        asked["cursor"] = page["next_cursor"]
