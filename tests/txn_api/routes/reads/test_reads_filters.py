"""Filters of the lists, on the real index: every matching row once, in order, whatever the limit."""

import csv
import io
import random
from typing import Any
from unittest.mock import patch

import pytest

from tests.builders import ACCEPTED_AT, body, card_number, encoded, index_item, pan, position, request
from tests.txn_api.conftest import Api
from txn_core.dynamodb import filtered_pages
from txn_core.dynamodb.filtered_pages import ROWS_EXAMINED_MAX

CARD = card_number(5)
NAME = "Filtered & Sons"
ROWS = 75
ITEMS_A_WRITE = 25  # BatchWriteItem takes no more
CHOICES: dict[str, tuple[Any, ...]] = {
    "type": ("purchase", "refund", "reversal"),
    "category": ("grocery", "travel"),
    "currency": ("USD", "EUR", "JPY"),
    "terminal_id": ("T1", "T2"),
    "entry_mode": ("chip", "contactless"),
}


def _row(number: int, dice: random.Random) -> dict[str, Any]:
    """A row with some of the values; several rows share a time."""
    kind = dice.choice(CHOICES["type"])
    return body(
        transaction_id=f"{number * 7919 % 1_000_003:08d}",
        type=kind,
        original_transaction_id=None if kind == "purchase" else "the-original",
        card_number=CARD,
        amount_minor=dice.randrange(10),
        currency=dice.choice(CHOICES["currency"]),
        occurred_at=f"2020-01-01T00:00:{number // 2:02d}Z",
        merchant={"name": NAME, "category": dice.choice([None, *CHOICES["category"]])},
        terminal=dice.choice(
            [None, {"terminal_id": dice.choice(CHOICES["terminal_id"]), "entry_mode": dice.choice([None, "chip"])}]
        ),
    )


@pytest.fixture
async def rows(api: Api) -> list[dict[str, Any]]:
    """Rows of one card and one merchant, in the order of the index."""
    dice, table = random.Random(26), api.services.transactions
    bodies = [_row(number, dice) for number in range(ROWS)]
    writes: list[Any] = []
    for number, fields in enumerate(bodies):
        event = encoded(request(**fields), account=api.account, ring=api.services.keys, accepted_at=ACCEPTED_AT)
        writes.append({"PutRequest": {"Item": table.attributes(index_item(event, position(number + 1)))}})
    for first in range(0, ROWS, ITEMS_A_WRITE):
        part: Any = {table._name: writes[first : first + ITEMS_A_WRITE]}
        while part:
            part = (await table._client.batch_write_item(RequestItems=part))["UnprocessedItems"]
    return sorted(bodies, key=lambda row: (row["occurred_at"], row["transaction_id"]))


def _matches(row: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Whether a row is as asked for: the plain filter that the service is compared with."""
    has = {**row, "category": row["merchant"]["category"], **(row["terminal"] or {})}
    if not asked.get("amount_min", 0) <= row["amount_minor"] <= asked.get("amount_max", 10):
        return False
    return all(has.get(name) == value for name, value in asked.items() if not name.startswith("amount_"))


def _some_filters(dice: random.Random) -> dict[str, Any]:
    asked = {name: dice.choice(values) for name, values in CHOICES.items() if dice.random() < 0.3}
    if dice.random() < 0.3:
        asked["amount_min"] = dice.randrange(10)
    if dice.random() < 0.3:
        asked["amount_max"] = asked.get("amount_min", 0) + dice.randrange(5)
    return asked


async def _page(api: Api, form: str, asked: dict[str, Any]) -> tuple[list[str], str | None]:
    """The ids of one page, and the next one's cursor."""
    if form == "search":
        answer = await api.client.post("/transactions/search", json=asked)
    else:
        headers = {"Accept": "text/csv"} if form == "table" else {}
        answer = await api.client.get("/transactions", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    if form == "table":
        ids = [row["transaction_id"] for row in csv.DictReader(io.StringIO(answer.text, newline=""))]
        return ids, answer.headers.get("x-next-cursor")
    page = answer.json()
    assert page["has_more"] == (page["next_cursor"] is not None)
    return [row["transaction_id"] for row in page["data"]], page["next_cursor"]


@pytest.mark.parametrize("examined_max", [7, ROWS_EXAMINED_MAX])
async def test_every_matching_row_once_in_order(api: Api, rows: list[dict[str, Any]], examined_max: int) -> None:
    """By card and by merchant, as a list, a search and a table, however few rows a request examines."""
    dice = random.Random(examined_max)
    card_id = api.services.keys.card_id(pan(5))
    empty_pages = 0
    with patch.object(filtered_pages, "ROWS_EXAMINED_MAX", examined_max):
        for _ in range(12):
            name, value = dice.choice([("card_number", CARD), ("card_id", card_id), ("merchant_name", NAME)])
            form, order = dice.choice(["list", "search", "table"]), dice.choice(["asc", "desc"])
            filters = _some_filters(dice)
            asked = {name: value, **filters, "order": order, "limit": dice.choice([2, 30, 1000])}
            found: list[str] = []
            while True:
                ids, cursor = await _page(api, form, asked)
                assert len(ids) <= asked["limit"]
                empty_pages += not ids and cursor is not None
                found += ids
                if cursor is None:
                    break
                asked["cursor"] = cursor
            expected = [row["transaction_id"] for row in rows if _matches(row, filters)]
            assert found == (expected if order == "asc" else expected[::-1]), (form, filters)
    assert (empty_pages > 0) == (examined_max < ROWS)


async def test_a_cursor_belongs_to_its_filters(api: Api, rows: list[dict[str, Any]]) -> None:
    """With another filter, one more or one less it is refused, as it is for another range."""
    asked: dict[str, Any] = {"merchant_name": NAME, "type": "purchase", "limit": 1}
    _, cursor = await _page(api, "list", asked)
    assert cursor is not None
    await _page(api, "list", {**asked, "cursor": cursor, "limit": 5})
    for others in ({"type": "refund"}, {"currency": "USD"}, {"amount_min": 0}, {"type": None}):
        other = {name: value for name, value in {**asked, "cursor": cursor, **others}.items() if value is not None}
        for answer in (
            await api.client.get("/transactions", params=other),
            await api.client.post("/transactions/search", json=other),
        ):
            assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")
    _, plain = await _page(api, "list", {"merchant_name": NAME, "limit": 1})
    refused = await api.client.get("/transactions", params={**asked, "cursor": plain})
    assert refused.json()["code"] == "cursor_invalid"


async def test_a_link_keeps_the_filters(api: Api, rows: list[dict[str, Any]]) -> None:
    asked: dict[str, Any] = {
        "card_number": CARD,
        "type": "purchase",
        "amount_min": 3,
        "limit": 1,
        "fields": "type,amount_minor",
    }
    answer = await api.client.get("/transactions", params=asked, headers={"Accept": "text/csv"})
    link = answer.links["next"]["url"]
    assert "type=purchase&amount_min=3" in link
    assert CARD not in link
    assert (await api.client.get(link, headers={"Accept": "text/csv"})).status_code == 200
