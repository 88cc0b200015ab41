"""The look-ups' answers: as JSON or CSV, whole or some fields, with entity tags, on the real index."""

import csv
import io
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.builders import ACCEPTED_AT, body, card_number, full_body, pan
from tests.txn_api.conftest import Api, AppFixture
from txn_api.writes.admission import Admission
from txn_core.dynamodb.transactions import IndexItem
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.transactions.event import Event

CARD = card_number(5)
NAME = "O'Hara, Söhne & Co; =1"
CSV = {"Accept": "text/csv"}


async def fill(api: Api, count: int) -> list[str]:
    """So many transactions of one card and merchant, newest first."""
    ids = [f"row-{number:05d}" for number in range(count)]
    for number, transaction_id in enumerate(ids):
        fields = full_body(transaction_id=transaction_id, card_number=CARD, merchant={"name": NAME})
        await api.index(fields | {"occurred_at": f"2020-01-01T00:00:{number:02d}Z"}, number=number)
    return ids[::-1]


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table by column."""
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


async def test_a_table_is_walked_by_its_links(api: Api) -> None:
    """Each link leads to the next page, with all that was asked for and without the card number."""
    ids = await fill(api, 7)
    card_id = api.services.keys.card_id(pan(5))
    for selector in ({"card_number": CARD}, {"card_id": card_id}, {"merchant_name": NAME}):
        asked: dict[str, Any] = {
            **selector,
            "limit": 3,
            "from": "2020-01-01T02:00:00+02:00",
            "fields": "transaction_id,merchant.name",
        }
        answer = await api.client.get("/transactions", params=asked, headers=CSV)
        rows: list[dict[str, str]] = []
        for _ in range(3):
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
            assert (answer.headers["cache-control"], answer.headers["vary"]) == ("no-store", "Accept")
            rows += table(answer.text)
            if "next" not in answer.links:
                break
            assert CARD not in str(answer.headers)
            assert answer.headers["x-next-cursor"] in answer.links["next"]["url"]
            answer = await api.client.get(urljoin(str(answer.url), answer.links["next"]["url"]), headers=CSV)
        assert [row["transaction_id"] for row in rows] == ids
        assert rows[0] == {"transaction_id": ids[0], "merchant.name": "O'Hara, Söhne & Co;' =1"}
        assert "x-next-cursor" not in answer.headers


async def test_a_search_for_a_table_has_the_cursor_alone(api: Api) -> None:
    """There is no URL for the next page of a POST."""
    ids = await fill(api, 3)
    asked: dict[str, Any] = {"card_number": CARD, "limit": 2}
    first = await api.client.post("/transactions/search", json=asked, headers=CSV)
    assert "link" not in first.headers
    asked["cursor"] = first.headers["x-next-cursor"]
    second = await api.client.post("/transactions/search", json=asked, headers=CSV)
    assert [row["transaction_id"] for row in table(first.text) + table(second.text)] == ids


async def test_a_card_under_several_key_versions_has_no_link(api: Api) -> None:
    """One of its ids would lead to a part of its rows."""
    await fill(api, 2)
    ring = replace(api.services.keys, card_keys={**api.services.keys.card_keys, 2: b"2" * 32})
    api.app.state.services = replace(api.services, keys=ring, admission=Admission(ring, 300.0))
    answer = await api.client.get("/transactions", params={"card_number": CARD, "limit": 1}, headers=CSV)
    assert "x-next-cursor" in answer.headers
    assert "link" not in answer.headers


async def test_a_table_and_a_list_have_the_same_rows(api: Api) -> None:
    """Page by page, the cursor of one form goes on in the other."""
    ids = await fill(api, 4)
    listed = (await api.client.get("/transactions", params={"merchant_name": NAME, "limit": 2})).json()
    assert [row["transaction_id"] for row in listed["data"]] == ids[:2]
    more = {"merchant_name": NAME, "limit": 2, "cursor": listed["next_cursor"]}
    rest = await api.client.get("/transactions", params=more, headers=CSV)
    rows = table(rest.text)
    assert [row["transaction_id"] for row in rows] == ids[2:]
    assert rows[0]["card_masked"] == f"{CARD[:6]}******{CARD[-4:]}"
    empty = await api.client.get("/transactions", params={"merchant_name": "Nobody"}, headers=CSV)
    assert table(empty.text) == []
    assert empty.text.startswith('"transaction_id","account",')


async def test_one_transaction_as_a_table(api: Api) -> None:
    """A header and a row, with another tag than the JSON has."""
    [transaction_id] = await fill(api, 1)
    as_table = await api.client.get(f"/transactions/{transaction_id}", headers=CSV)
    [row] = table(as_table.text)
    assert (row["transaction_id"], row["customer.city"], row["conflicts"]) == (transaction_id, "Moravian Falls", "0")
    as_json = await api.client.get(f"/transactions/{transaction_id}")
    assert as_json.headers["etag"] != as_table.headers["etag"]
    again = {**CSV, "If-None-Match": as_table.headers["etag"]}
    assert (await api.client.get(f"/transactions/{transaction_id}", headers=again)).status_code == 304


async def test_a_copy_at_hand_is_not_sent_again(api: Api) -> None:
    """304 without a body, with the headers that a 200 would have had, until a conflict changes the answer."""
    event = await api.index(body(card_number=CARD))
    path = f"/transactions/{event.transaction_id}"
    first = await api.client.get(path)
    tag = first.headers["etag"]
    for sent in (tag, f'W/{tag}, "other"', "*"):
        again = await api.client.get(path, headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"]) == (tag, "no-store")
        assert "content-type" not in again.headers
        assert again.headers["vary"] == "Accept"
    for sent in ('"other"', tag[1:-1], "", "x" * 4000):
        assert (await api.client.get(path, headers={"If-None-Match": sent})).json() == first.json()
    selected = await api.client.get(path, params={"fields": "amount_minor"}, headers={"If-None-Match": tag})
    assert selected.json() == {"amount_minor": 497}
    await _contradict(api, event)
    changed = await api.client.get(path, headers={"If-None-Match": tag})
    assert len(changed.json()["conflicts"]) == 1
    assert changed.headers["etag"] != tag
    missing = await api.client.get("/transactions/00000000000", headers={"If-None-Match": "*"})
    assert missing.status_code == 404


async def test_a_tag_says_nothing_to_who_may_not_read(api: Api) -> None:
    """Without the right there is no 304."""
    event = await api.index(body(card_number=CARD))
    path, tag = f"/transactions/{event.transaction_id}", {"If-None-Match": "*"}
    writer = await api.key("transactions:write")
    assert (await api.client.get(path, headers={**tag, **writer})).status_code == 403
    stranger = await api.key("transactions:read", account="other-account")
    assert (await api.client.get(path, headers={**tag, **stranger})).status_code == 404
    assert (await api.client.get(path, headers={**tag, "Authorization": "Bearer no"})).status_code == 401


async def test_some_fields_alone(api: Api) -> None:
    """In a list, in a search and by id; inner ones by a dot."""
    ids = await fill(api, 2)
    fields = "merchant.name,amount_minor,terminal,conflicts"
    expected = {
        "amount_minor": 497,
        "merchant": {"name": NAME},
        "terminal": {"terminal_id": "T0000042", "entry_mode": "contactless"},
        "conflicts": [],
    }
    by_id = await api.client.get(f"/transactions/{ids[0]}", params={"fields": fields})
    assert by_id.json() == expected
    listed = await api.client.get("/transactions", params={"card_number": CARD, "fields": fields})
    assert listed.json() == {"data": [expected] * 2, "has_more": False, "next_cursor": None}
    searched = await api.client.post("/transactions/search", json={"merchant_name": NAME, "fields": fields})
    assert searched.json() == listed.json()
    event = Event.decode((await api.services.transactions.get(api.account, ids[0])).event)  # type: ignore[arg-type, union-attr] # it is there
    await _contradict(api, event)
    conflicts = await api.client.get(f"/transactions/{ids[0]}", params={"fields": "conflicts"})
    assert len(conflicts.json()["conflicts"]) == 1


@pytest.mark.parametrize(
    "fields", ["", "amounts", "merchant.x", "schema", "card_number", "amount_minor,", "a" * 1025]
)
async def test_an_unknown_field_is_refused(desk: AppFixture, fields: str) -> None:
    """422 before anything is read, by each way to read, and without saying what was sent."""
    for answer in (
        await desk.client.get("/transactions/00000000", params={"fields": fields}),
        await desk.client.get("/transactions", params={"merchant_name": "A", "fields": fields}),
        await desk.client.post("/transactions/search", json={"card_number": CARD, "fields": fields}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "parameter_invalid")
        [error] = answer.json()["errors"]
        assert error["pointer"] == "/fields"
        assert error["code"] == ("text_too_long" if len(fields) > 1024 else "field_unknown")


async def test_a_form_that_there_is_not_is_refused(desk: AppFixture) -> None:
    """406 before anything is read; problems are JSON whatever the client takes."""
    for answer in (
        await desk.client.get("/transactions/00000000", headers={"Accept": "text/html"}),
        await desk.client.get("/transactions", params={"merchant_name": "A"}, headers={"Accept": "image/png"}),
        await desk.client.post("/transactions/search", json={"card_number": CARD}, headers={"Accept": "*/*;q=0"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
        assert answer.headers["vary"] == "Accept"
    refused = await desk.client.get("/transactions", params={"merchant_name": "A", "limit": 0}, headers=CSV)
    assert refused.headers["content-type"] == "application/problem+json"


async def _contradict(api: Api, event: Event) -> None:
    stored = await api.services.transactions.get(api.account, event.transaction_id)
    assert stored is not None
    later = WriteOrder.of(ACCEPTED_AT, Position(ShardId("shardId-000000000001"), SequenceNumber("77"), 3))
    item = IndexItem.of(event, stored.event.encode(), later)
    assert await api.services.transactions.note(item, seen=stored.order, conflict=True, other=None)
    assert json.loads(stored.event)["transaction_id"] == event.transaction_id
