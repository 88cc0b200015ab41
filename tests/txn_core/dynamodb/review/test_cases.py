"""The queue of cases on a real server: its order, and what is read where very many are assigned."""

import secrets
from typing import TYPE_CHECKING

import pytest

from txn_core.dynamodb.review import cases
from txn_core.dynamodb.review.cases import SHAPE, CaseItem, CaseTable
from txn_core.dynamodb.table_shapes import create_request
from txn_core.dynamodb.tables import TableNames
from txn_core.transactions.identity import Account, CaseId

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

ACME = Account("acme")


@pytest.fixture(name="table")
async def _table(dynamodb: "DynamoDBClient", names: TableNames, monkeypatch: pytest.MonkeyPatch) -> CaseTable:
    """An empty table, whose queue is read in two pages of two rows."""
    monkeypatch.setattr(cases, "_QUEUE_ROWS", 2)
    monkeypatch.setattr(cases, "_QUEUE_CALLS_MAX", 2)
    name = f"{names.prefix}-{SHAPE.name}-{secrets.token_hex(4)}"
    await dynamodb.create_table(**create_request(name, SHAPE))
    await dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return CaseTable(dynamodb, name)


def case(rank: str, *, is_closed: bool = False) -> CaseItem:
    """A case in the queue, or a closed one whose labels are due."""
    return CaseItem(
        account=ACME,
        case_id=CaseId(f"case{rank}"),
        version=1,
        document="{}",
        summary="{}",
        is_closed=is_closed,
        is_queued=True,
        sort=rank,
        rank=rank,
    )


async def queued(table: CaseTable, *ranks: str) -> list[str]:
    """The ranks that the queue gives when cases of these have been added."""
    for rank in ranks:
        assert await table.create(case(rank))
    return [row.rank async for row in table.queue(ACME)]


async def test_assigned_cases_that_are_too_many_hide_no_other(table: CaseTable) -> None:
    """The first of them are given, then what is not assigned, each once and up to the bound."""
    assert await queued(table) == []
    assert await queued(table, "500", "!700", "100") == ["!700", "100", "500"]
    assert await queued(table, "!100", "!200") == ["!100", "!200", "!700", "100"]
    assert await queued(table, "!300") == ["!100", "!200", "!300", "!700", "100", "500"]
    assert await queued(table, "!800", "!900") == ["!100", "!200", "!300", "!700", "100", "500"]
    assert await queued(table, "200", "300", "600") == ["!100", "!200", "!300", "!700", "100", "200", "300", "500"]


async def test_closed_cases_whose_labels_are_due_stand_in_no_queue(table: CaseTable) -> None:
    await table.create(case("100", is_closed=True))
    assert await table.with_labels_due(ACME) == ["case100"]
    assert await queued(table) == []
