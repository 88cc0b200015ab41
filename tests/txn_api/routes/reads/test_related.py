"""Refunds and reversals of a transaction, on the real index: in any order, of the account's own, within bounds."""

import json
import random
from typing import Any

import pytest

from tests.builders import body, card_number
from tests.txn_api.conftest import Api, AppFixture
from txn_api.reads import relations
from txn_api.routes import reads

ID = "purchase-1"


def refund(number: int, **changes: Any) -> dict[str, Any]:
    """A refund of the purchase, or what the changes make of it."""
    given = {"type": "refund", "original_transaction_id": ID, "amount_minor": 100, **changes}
    return body(transaction_id=f"refund-{number:02d}", **given)


async def found(api: Api, transaction_id: str = ID) -> dict[str, Any]:
    """What is told of a transaction's relations."""
    answer = await api.client.get(f"/transactions/{transaction_id}")
    assert answer.status_code == 200, answer.text
    names = ("refunded_minor", "reversed_minor", "reversed", "flags", "original_missing")
    return {name: value for name, value in answer.json().items() if name in names}


async def test_a_purchase_tells_what_is_left_of_it_in_any_order_of_arrival(api: Api) -> None:
    """Late originals too; a refund says that its original is missing until it is there."""
    bodies = [body(transaction_id=ID), refund(1), refund(2, amount_minor=50), refund(3, type="reversal")]
    random.Random(7).shuffle(bodies)
    bodies.sort(key=lambda each: each["transaction_id"] == ID)
    for number, each in enumerate(bodies[:-1]):
        await api.index(each, number=number)
    alone = {"refunded_minor": 0, "reversed_minor": 0, "reversed": False, "flags": []}
    assert await found(api, "refund-01") == alone | {"original_missing": True}
    listed = await api.client.get(f"/transactions/{ID}/related")
    assert len(listed.json()["data"]) == 3, "they are listed while the original is not there"
    await api.index(bodies[-1], number=9)
    assert await found(api, "refund-01") == alone | {"original_missing": False}
    assert await found(api) == {"refunded_minor": 150, "reversed_minor": 100, "reversed": False, "flags": []}


async def test_a_purchase_is_reversed_when_reversals_take_all_of_it_back(api: Api) -> None:
    """In its own currency, in one or several parts."""
    own = await api.index(body(transaction_id=ID))
    foreign = refund(1, type="reversal", amount_minor=own.amount_minor, currency="EUR")
    part, rest = (refund(number, type="reversal", amount_minor=1) for number in (2, 3))
    for number, each in enumerate((foreign, part, rest | {"amount_minor": own.amount_minor - 1}), 2):
        assert (await found(api))["reversed"] is False
        await api.index(each, number=number)
    assert (await found(api))["reversed"] is True


async def test_what_cannot_be_read_is_in_no_sum_and_holds_up_no_look_up(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged refund; a damaged original of a refund; an index that does not answer."""
    await api.index(body(transaction_id=ID))
    for number in (1, 2):
        await api.index(refund(number), number=number + 1)
    table, unknown = api.services.transactions, {"refunded_minor": None, "reversed_minor": None, "reversed": None}

    async def damage(transaction_id: str) -> None:
        await table._client.update_item(
            TableName=table._name,
            Key={"id": {"S": f"{api.account}#{transaction_id}"}},
            UpdateExpression="SET #event = :event",
            ExpressionAttributeNames={"#event": "event"},
            ExpressionAttributeValues={":event": {"B": b"damaged"}},
        )

    await damage("refund-01")
    assert await found(api) == unknown | {"flags": []}
    await damage(ID)
    assert (await found(api, "refund-02"))["original_missing"] is False

    async def refuse(*_: Any, **__: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(type(table), "page", refuse)
    assert await found(api, "refund-02") == unknown | {"flags": [], "original_missing": False}


@pytest.mark.parametrize(
    ("changes", "flag", "refunded"),
    [
        ({"amount_minor": 498}, "exceeds_original", 498),
        ({"currency": "EUR"}, "currency_differs", 0),
        ({"card_number": card_number(7)}, "card_differs", 100),
        ({"merchant": {"name": "Elsewhere"}}, "merchant_differs", 100),
    ],
)
async def test_what_is_odd_is_flagged_and_counted(
    api: Api, changes: dict[str, Any], flag: str, refunded: int
) -> None:
    """An amount of another currency is in no sum."""
    await api.index(body(transaction_id=ID))
    await api.index(refund(1, **changes), number=2)
    told = await found(api)
    assert (told["flags"], told["refunded_minor"]) == ([flag], refunded)


async def test_they_are_listed_page_by_page(api: Api) -> None:
    """As other lists, in JSON and as a table; what refers to another transaction is not among them."""
    await api.index(body(transaction_id=ID))
    for number in range(5):
        await api.index(refund(number, occurred_at=f"2020-01-0{number + 1}T00:00:00Z"), number=number + 2)
    await api.index(refund(9, original_transaction_id="purchase-2"), number=9)
    path, ids, cursor = f"/transactions/{ID}/related", list[str](), dict[str, str]()
    while True:
        page = (await api.client.get(path, params={"limit": "2", "order": "asc", **cursor})).json()
        ids += [each["transaction_id"] for each in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert ids == [f"refund-{number:02d}" for number in range(5)]
    other = await api.client.get("/transactions/purchase-2/related", params={"limit": "2", "order": "asc", **cursor})
    assert other.json()["code"] == "cursor_invalid"
    table = await api.client.get(
        path, params={"limit": 1, "fields": "transaction_id"}, headers={"Accept": "text/csv"}
    )
    assert table.text == '"transaction_id"\r\n"refund-04"\r\n'
    assert table.headers["Link"].startswith("<?limit=1&fields=transaction_id&cursor=")


async def test_more_than_are_summed_up_are_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is guessed: a client sums up the list."""
    monkeypatch.setattr(reads, "SUMMED_MAX", 2)
    await api.index(body(transaction_id=ID))
    for number in range(3):
        await api.index(refund(number), number=number + 2)
    assert await found(api) == {"refunded_minor": None, "reversed_minor": None, "reversed": None, "flags": []}
    assert relations.SUMMED_MAX == 100


async def test_an_original_of_another_account_is_unknown(api: Api) -> None:
    """And a stranger's refund counts nothing."""
    await api.index(body(transaction_id=ID), account="stranger")
    await api.index(refund(1))
    assert (await found(api, "refund-01"))["original_missing"] is True
    stranger = await api.key("transactions:read", account="stranger")
    told = (await api.client.get(f"/transactions/{ID}", headers=stranger)).json()
    assert (told["refunded_minor"], told["flags"]) == (0, [])
    listed = await api.client.get(f"/transactions/{ID}/related", headers=stranger)
    assert listed.json()["data"] == []


async def test_an_index_that_keeps_no_relations_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made before: the fields are absent, and the list is a problem of its own."""
    await api.index(body(transaction_id=ID))
    monkeypatch.setattr(api.services.transactions, "keeps_relations", False)
    assert await found(api) == {}
    answer = await api.client.get(f"/transactions/{ID}/related")
    assert (answer.status_code, answer.json()["code"]) == (501, "relations_not_kept")


async def test_nothing_is_related_to_nothing(api: Api, desk: AppFixture) -> None:
    """404 where neither it nor what refers to it is there, and 503 without a store."""
    for missing in ("nowhere-1", "no"):
        answer = await api.client.get(f"/transactions/{missing}/related")
        assert (answer.status_code, answer.json()["code"]) == (404, "transaction_not_found")
    answer = await desk.client.get(f"/transactions/{ID}/related")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


@pytest.mark.parametrize("spelling", ["usual", "escaped"])
async def test_what_refers_to_itself_is_refused(desk: AppFixture, spelling: str) -> None:
    """By the fast path and by the parser alike; a purchase has no original."""
    own = "refund-01" if spelling == "usual" else "refund-0\\u0031"
    text = refund(1, original_transaction_id="refund-01")
    sent = json.dumps(text).replace('"transaction_id": "refund-01"', f'"transaction_id": "{own}"', 1)
    answer = await desk.client.post(
        "/transactions", content=sent.encode(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "original_is_itself"
    assert answer.json()["errors"][0]["pointer"] == "/original_transaction_id"
    assert not desk.kinesis.calls


async def test_filters_leave_some_of_what_refers_to_a_transaction(api: Api) -> None:
    """Whether there is anything at all does not hang on them, and a cursor goes with its filters alone."""
    for number in range(5):
        await api.index(refund(number, amount_minor=100 + number), number=number + 1)
    path = f"/transactions/{ID}/related"
    first = (await api.client.get(path, params={"amount_min": "102", "order": "asc", "limit": "2"})).json()
    assert ([row["amount_minor"] for row in first["data"]], first["has_more"]) == ([102, 103], True)
    cursor = {"cursor": first["next_cursor"], "order": "asc"}
    rest = (await api.client.get(path, params={"amount_min": "102", **cursor})).json()
    assert ([row["amount_minor"] for row in rest["data"]], rest["has_more"]) == ([104], False)
    assert (await api.client.get(path, params=cursor)).json()["code"] == "cursor_invalid"
    none = await api.client.get(path, params={"type": "reversal"})
    assert (none.status_code, none.json()["data"]) == (200, [])
    reversed_range = await api.client.get(path, params={"amount_min": "2", "amount_max": "1"})
    assert (reversed_range.status_code, reversed_range.json()["code"]) == (422, "range_reversed")
