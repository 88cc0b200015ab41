"""A table that holds items of both forms, and one that holds some that cannot be read, on the real local server."""

import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from structlog.testing import capture_logs

from tests.builders import encoded, index_item, keys, pan, position, transaction_id
from txn_core.dynamodb import transactions as module
from txn_core.dynamodb.item_form import ItemForm
from txn_core.dynamodb.ranges import Span
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import ITEM_FORM, LAYOUT_ID, IndexItem, TransactionTable
from txn_core.exceptions import StoredEventError
from txn_core.transactions.identity import Account

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


def of_form(table: TransactionTable, form: ItemForm) -> TransactionTable:
    """The same table, written in a form."""
    return TransactionTable(table._client, table._name, table.write_shards, item_form=form)


def item_of(account: Account, number: int, *, at: int = 1) -> IndexItem:
    """One of a card's transactions."""
    event = encoded(
        account=account, transaction_id=transaction_id(number), occurred_at=f"2020-01-01T00:00:{number:02d}Z"
    )
    return index_item(event, position(at))


async def test_both_forms_are_read_by_id_by_key_and_in_pages(
    transactions: TransactionTable, account: Account
) -> None:
    items = [item_of(account, number) for number in range(6)]
    for number, item in enumerate(items):
        assert await of_form(transactions, ItemForm(number % 2 + 1)).put_if_absent(item)
    texts = [item.event for item in items]
    for form in ItemForm:
        table = of_form(transactions, form)
        found = [await table.get(account, item.transaction_id) for item in items]
        assert [each.event for each in found if each] == texts
        together = await table.get_all([item.key for item in items])
        assert [together[item.key].event for item in items] == texts
        by_card = table.by_card(account, keys().card_ids(pan()), Span(descending=False))
        by_merchant = table.by_merchant(account, items[0].merchant_id, Span(descending=False))
        for query in (by_card, by_merchant):
            assert [row.event for row in (await table.page(query)).rows] == texts


@pytest.mark.parametrize("before", ItemForm)
@pytest.mark.parametrize("after", ItemForm)
async def test_an_earlier_write_replaces_one_of_another_form(
    transactions: TransactionTable, account: Account, before: ItemForm, after: ItemForm
) -> None:
    late, early = item_of(account, 1, at=7), item_of(account, 1, at=3)
    assert await of_form(transactions, before).put_if_absent(late)
    table = of_form(transactions, after)
    seen = await table.get(account, late.transaction_id)
    assert seen is not None
    assert await table.replace(early, seen=seen, conflicts=[late.order], others={})
    found = await table.get(account, late.transaction_id)
    assert found is not None
    assert (found.event, found.order, found.conflicts) == (early.event, early.order, (late.order,))


async def test_a_row_that_cannot_be_read_is_said_and_hides_no_other(
    transactions: TransactionTable, account: Account
) -> None:
    """In a list and among many; asked for by its id, it is no row that is not there."""
    items = [item_of(account, number) for number in range(3)]
    table = of_form(transactions, ItemForm.PACKED)
    for item in items:
        assert await table.put_if_absent(item)
    broken: Any = table.attributes(items[1])
    broken["event"] = {"B": broken["event"]["B"][:30]}
    await table._client.put_item(TableName=table._name, Item=broken)
    with capture_logs() as logs:
        page = await table.page(table.by_card(account, keys().card_ids(pan()), Span(descending=False)))
        assert [row.event for row in page.rows] == [items[0].event, items[2].event]
        assert (await table.get_all([item.key for item in items])).keys() == {items[0].key, items[2].key}
    assert [(log["event"], log["count"]) for log in logs] == [("transactions_unreadable", 1)] * 2
    assert "dictionary 32768" in logs[0]["reason"]
    with pytest.raises(StoredEventError):
        await table.get(account, items[1].transaction_id)


async def test_writers_learn_of_another_form_within_a_minute(
    dynamodb: "DynamoDBClient", names: TableNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not sooner: a layout is read once a minute, not once a batch."""
    table = await TransactionTable.open(dynamodb, names.transactions)
    assert table.item_form is ItemForm.PACKED
    asked: list[str] = []

    class Layouts:
        async def get_item(self, **request: Any) -> Any:
            asked.append(request["Key"]["id"]["S"])
            return {"Item": {"write_shards": {"N": "3"}, ITEM_FORM: {"N": "1"}}}

    table._client = Layouts()  # type: ignore[assignment]
    await table.renew_layout()
    assert (asked, table.item_form) == ([], ItemForm.PACKED)
    later = time.monotonic() + module.LAYOUT_S
    monkeypatch.setattr(time, "monotonic", lambda: later)
    await table.renew_layout()
    await table.renew_layout()
    assert (asked, table.item_form) == ([LAYOUT_ID], ItemForm.TEXT)


async def test_a_table_whose_layout_was_given_asks_nobody() -> None:
    class Nobody:
        async def get_item(self, **_: Any) -> Any:
            raise ClientError({}, "GetItem")

    await TransactionTable(Nobody(), "t", 3).renew_layout()  # type: ignore[arg-type]
