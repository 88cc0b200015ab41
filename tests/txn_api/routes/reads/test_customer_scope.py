"""Who a customer is: names, birth date and street are shown to keys with the scope `customer:read` alone."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Response

from tests.builders import card_number, customer, full_body
from tests.txn_api.conftest import Api, AppFixture
from txn_api.openapi.operations import REF
from txn_core.api_keys import SCOPES

CARD = card_number(5)
NAME = "Shop of Someone"
ORIGINAL = "purchase-of-someone"
SHOWN = {
    "first_name": "Wilhelmina-Marked",
    "last_name": "Quartermaine-Marked",
    "date_of_birth": "1911-12-13",
    "street": "99 Marked Lane",
}
Call = tuple[str, str, dict[str, Any]]
# How each operation is called whose answers have customers, of a refund. `test_no_route_is_forgotten` holds it to the
# document. Conflicts, which know no `fields`, are in test_conflicts.py.
PROBES: dict[str, Call] = {
    "getTransaction": ("GET", "/transactions/{id}", {}),
    "listTransactions": ("GET", "/transactions", {"params": {"merchant_name": NAME}}),
    "listRelated": ("GET", f"/transactions/{ORIGINAL}/related", {}),
    "searchTransactions": ("POST", "/transactions/search", {"json": {"card_number": CARD}}),
}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for inner in schema.values():
            yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _shows_customers(answers: Any, schemas: dict[str, Any]) -> bool:
    """Whether answers may have one of the fields, by the schemas that they refer to, directly or not."""
    waiting, seen = [answers], set[str]()
    while waiting:
        part = waiting.pop()
        if any(f'"{name}"' in json.dumps(part) for name in SHOWN):
            return True
        names = {each.removeprefix(REF) for each in _references(part) if each.startswith(REF)} - seen
        seen |= names
        waiting += [schemas[name] for name in names]
    return False


def test_no_route_is_forgotten(desk: AppFixture) -> None:
    """Every operation whose answers may show a customer is called below."""
    document = desk.app.openapi()
    schemas = document["components"]["schemas"]
    showing = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if _shows_customers({code: each for code, each in operation["responses"].items() if code < "300"}, schemas)
    }
    assert showing == {*PROBES, "listConflicts"}


@pytest.mark.parametrize("operation", PROBES)
async def test_customers_are_shown_to_those_who_may_see_them(api: Api, operation: str) -> None:
    """Whole, as fields and as a table; with another entity tag; and nothing else of the transaction is missing."""
    sent = full_body(
        card_number=CARD,
        merchant={"name": NAME},
        customer=customer(**SHOWN),
        type="refund",
        original_transaction_id=ORIGINAL,
    )
    event = await api.index(sent)
    without = await api.key(*(scope for scope in SCOPES if scope != "customer:read"))
    for accept in ("application/json", "text/csv"):
        for fields in (None, "transaction_id,customer"):
            full = await _called(api, operation, event.transaction_id, fields, {"Accept": accept})
            less = await _called(api, operation, event.transaction_id, fields, {"Accept": accept, **without})
            assert (full.status_code, less.status_code) == (200, 200)
            assert all(value in full.text for value in SHOWN.values())
            assert not any(text in less.text for text in (*SHOWN, *SHOWN.values()))
            assert full.headers.get("etag", "a") != less.headers.get("etag", "b")
            assert _rows(less) == [_without(row) for row in _rows(full)]


@pytest.mark.parametrize("operation", PROBES)
async def test_a_field_that_one_may_not_see_is_refused(desk: AppFixture, operation: str) -> None:
    """403 that names the scope, before anything is read."""
    without = desk.key(*(scope for scope in SCOPES if scope != "customer:read"))
    for name in SHOWN:
        fields = f"transaction_id,customer.{name}"
        refused = await _called(desk, operation, "00000000", fields, without)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        [error] = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/fields", "customer_scope_required")
        assert "customer:read" in error["message"]


async def _called(
    api: Api | AppFixture, operation: str, transaction_id: str, fields: str | None, headers: dict[str, str]
) -> Response:
    method, path, request = PROBES[operation]
    place = "json" if "json" in request else "params"
    called: dict[str, Any] = {place: {**request.get(place, {}), **({} if fields is None else {"fields": fields})}}
    return await api.client.request(method, path.format(id=transaction_id), headers=headers, **called)


def _rows(answer: Response) -> list[dict[str, Any]]:
    if answer.headers["content-type"].startswith("text/csv"):
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))
    document = answer.json()
    rows: list[dict[str, Any]] = document.get("data", [document])
    return rows


def _without(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the fields, which a table has with a dot."""
    left = {name: value for name, value in row.items() if name.removeprefix("customer.") not in SHOWN}
    if isinstance(left.get("customer"), dict):
        left["customer"] = {name: value for name, value in left["customer"].items() if name not in SHOWN}
    return left
