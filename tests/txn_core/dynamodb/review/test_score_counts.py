"""Counts of scores on a real server: conditional writes, readings by day, and what is said of what scores now."""

import secrets
from typing import TYPE_CHECKING

import pytest

from txn_core.dynamodb.review.score_counts import SHAPE, CountItem, CountKey, ScoreCountTable
from txn_core.dynamodb.table_shapes import create_request
from txn_core.dynamodb.tables import TableNames
from txn_core.positions import ShardId
from txn_core.transactions.identity import Account

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

ACME = Account("acme")


@pytest.fixture(name="table")
async def _table(dynamodb: "DynamoDBClient", names: TableNames) -> ScoreCountTable:
    """An empty table."""
    name = f"{names.prefix}-{SHAPE.name}-{secrets.token_hex(4)}"
    await dynamodb.create_table(**create_request(name, SHAPE))
    await dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return ScoreCountTable(dynamodb, name)


async def test_counts_are_written_over_what_was_seen_and_read_by_day(table: ScoreCountTable) -> None:
    days = [CountKey(ACME, f"2026-01-0{day}", ShardId("shardId-0")) for day in (1, 2, 3)]
    for number, key in enumerate(days):
        assert await table.of(key) is None
        assert await table.put(key, CountItem("001-7", f"d{number}"), seen=None, day_s=0)
        assert not await table.put(key, CountItem("001-8", "lost"), seen=None, day_s=0)
    assert not await table.put(days[1], CountItem("001-9", "lost"), seen="001-6", day_s=0)
    assert await table.put(days[1], CountItem("001-9", "new"), seen="001-7", day_s=0)
    assert await table.of(days[1]) == CountItem("001-9", "new")
    await table.put(CountKey(Account("other"), "2026-01-02", ShardId("s")), CountItem("1", "x"), seen=None, day_s=0)
    found = [each async for each in table.since(ACME, "2026-01-02")]
    assert found == [("2026-01-03", "d2"), ("2026-01-02", "new")]


async def test_what_scores_now_is_replaced_part_by_part(table: ScoreCountTable) -> None:
    assert await table.in_use() == {}
    await table.note_in_use("rules", "old")
    await table.note_in_use("rules", "new")
    await table.note_in_use("model#mdl_1", "one")
    assert await table.in_use() == {"model#mdl_1": "one", "rules": "new"}
