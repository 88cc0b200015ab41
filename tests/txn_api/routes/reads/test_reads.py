"""The look-ups, on the real index."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from tests.builders import ACCEPTED_AT, body, card_number, full_body, json_bytes, pan
from tests.txn_api.asgi import until
from tests.txn_api.conftest import Api, AppFixture
from txn_api.routes import reads
from txn_api.writes.admission import Admission
from txn_api.writes.fair_memory import ROW_BYTES
from txn_core.dynamodb.ranges import SortKey
from txn_core.dynamodb.transactions import IndexItem
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, TransactionId

CARD = card_number(5)
NAME = "O'Hara, Söhne & Co"
START = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = 260


@dataclass(frozen=True)
class Row:
    """What a row of the list is told apart by."""

    occurred_at: str
    transaction_id: str


def instant(at: datetime) -> str:
    """A time as it is stored."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def body_of(number: int) -> dict[str, Any]:
    """The row of an ordinal: three share each moment, and moments lie a microsecond apart."""
    at = START + timedelta(microseconds=number // 3)
    return body(
        transaction_id=f"{(number * 7919) % 1_000_003:08d}",
        card_number=CARD,
        merchant={"name": NAME},
        occurred_at=instant(at),
    )


@pytest.fixture
async def rows(api: Api) -> list[Row]:
    """Some hundred rows of one card and one merchant, oldest first."""
    found = []
    for number in range(ROWS):
        event = await api.index(body_of(number), number=number)
        found.append(Row(event.occurred_at, event.transaction_id))
    await api.index(body(card_number=card_number(6), transaction_id="anothercard", merchant={"name": "Elsewhere"}))
    return sorted(found, key=lambda row: (row.occurred_at, row.transaction_id))


async def walk(api: Api, *, method: str = "GET", **parameters: Any) -> list[Row]:
    """All pages of a range."""
    rows: list[Row] = []
    cursor: dict[str, str] = {}
    while True:
        asked = {**parameters, **cursor}
        if method == "GET":
            answer = await api.client.get("/transactions", params=asked)
        else:
            answer = await api.client.post("/transactions/search", json=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["data"]) <= parameters.get("limit", 100)
        assert page["has_more"] == (page["next_cursor"] is not None)
        rows += [Row(found["occurred_at"], found["transaction_id"]) for found in page["data"]]
        if not page["has_more"]:
            return rows
        assert page["data"]
        cursor = {"cursor": page["next_cursor"]}


def within(rows: Sequence[Row], start: str | None, end: str | None) -> list[Row]:
    """The rows of a range: its start belongs to it, its end does not."""
    return [row for row in rows if (not start or row.occurred_at >= start) and (not end or row.occurred_at < end)]


async def test_page_walks_give_every_row_once_and_in_order(api: Api, rows: list[Row]) -> None:
    """By card, by its id and by merchant over all write shards, both ways, with any limit, also among equal times."""
    card_id = api.services.keys.card_id(pan(5))
    low, high = instant(START + timedelta(microseconds=20)), instant(START + timedelta(microseconds=40))
    for selector in ({"card_number": CARD}, {"card_id": card_id}, {"merchant_name": NAME}):
        for order in ("asc", "desc"):
            for limit, start, end in ((1, low, high), (7, None, None), (1000, None, None), (100, low, high)):
                times = {name: time for name, time in (("from", start), ("to", end)) if time}
                expected = within(rows, start, end)
                found = await walk(api, **selector, **times, limit=limit, order=order)
                assert found == (expected if order == "asc" else expected[::-1])


async def test_a_search_gives_what_the_list_gives(api: Api, rows: list[Row]) -> None:
    """The same rows, cursors and all, with the card number in the body."""
    times = {"from": rows[10].occurred_at, "to": rows[100].occurred_at}
    assert (
        await walk(api, method="POST", card_number=CARD, limit=7, **times)
        == within(rows, rows[10].occurred_at, rows[100].occurred_at)[::-1]
    )
    assert await walk(api, method="POST", merchant_name=NAME, limit=1000, order="asc") == rows


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("o'hara, söhne & co", 1),
        ("  O'HARA,\u2003SÖHNE  &  CO ", 1),
        ("O'Hara, So\u0308hne & Co", 1),
        ("O\u2019Hara, Söhne & Co", 0),
    ],
)
async def test_a_merchant_is_found_in_any_casing_and_spacing(api: Api, name: str, count: int) -> None:
    """And in any Unicode form; a typographic apostrophe is another letter."""
    await api.index(body(merchant={"name": NAME}))
    assert len(await walk(api, merchant_name=name)) == count


async def test_a_merchant_is_found_with_and_without_ignorable_characters(api: Api) -> None:
    """Wherever they stand, in the name that is stored or in the one that is asked for."""
    await api.index(body(transaction_id="plain-name", merchant={"name": NAME}))
    await api.index(body(transaction_id="marked-name", merchant={"name": f"\ufeff{NAME[:3]}\u00ad{NAME[3:]}\u200b"}))
    for name in (NAME, f"{NAME}\u200b", f"\u2066{NAME.upper()}\u2069"):
        assert {row.transaction_id for row in await walk(api, merchant_name=name)} == {"plain-name", "marked-name"}


async def test_rows_of_before_are_found_by_the_very_name_that_they_were_sent_with(api: Api) -> None:
    """Their merchant id comes from a form that kept such characters; the plain name finds later rows alone."""
    name = f"{NAME}\u200b"
    await api.index(body(transaction_id="later-row", merchant={"name": name}))
    encoded = api.services.admission.admit(
        json_bytes(body(transaction_id="former-row", merchant={"name": name})), account=api.account, request_text=""
    )
    (former,) = api.services.keys.former_merchant_ids(name)
    event = Event.decode(encoded.data.replace(encoded.merchant_id.encode(), former.encode()))
    await _put_text(api, event, "former-row", event.model_dump_json(by_alias=True))
    for limit in (1, 100):
        found = await walk(api, merchant_name=name, limit=limit)
        assert {row.transaction_id for row in found} == {"later-row", "former-row"}
        assert [row.transaction_id for row in await walk(api, merchant_name=NAME, limit=limit)] == ["later-row"]


async def test_the_edges_of_a_range(api: Api) -> None:
    """`from` is inclusive, `to` exclusive, equal ones are empty, and any offset means the same moment."""
    for number in range(3):
        await api.index(body(transaction_id=f"{number:08d}", occurred_at=f"2020-01-01T00:00:0{number}Z"))
    times = [f"2020-01-01T00:00:0{number}Z" for number in range(4)]

    async def count(**parameters: str) -> int:
        return len(await walk(api, card_number=card_number(), **parameters))

    assert await count() == 3
    assert await count(**{"from": times[1]}) == 2
    assert await count(to=times[1]) == 1
    assert await count(**{"from": times[1], "to": times[2]}) == 1
    assert await count(**{"from": times[1], "to": times[1]}) == 0
    assert await count(**{"from": times[3]}) == 0
    assert await count(**{"from": "2020-01-01T01:00:01+01:00"}) == 2
    assert await count(**{"from": "2020-01-01T00:00:01.000001Z"}) == 1


async def test_bounds_that_are_finer_than_what_is_stored(api: Api) -> None:
    """A row is found by the very time that its client sent, and no bound leaves out a row of its own microsecond."""
    for number, digits in enumerate(("0000000", "1234561", "123456789", "9999999")):
        await api.index(body(transaction_id=f"{number:08d}", occurred_at=f"2020-01-01T00:00:01.{digits}Z"))

    async def found(**parameters: str) -> list[int]:
        rows = await walk(api, card_number=card_number(), order="asc", **parameters)
        assert rows == await walk(api, method="POST", card_number=card_number(), order="asc", **parameters)
        return [int(row.transaction_id) for row in rows]

    assert await found(**{"from": "2020-01-01T00:00:01.123456789Z"}) == [1, 2, 3]
    assert await found(**{"from": "2020-01-01T00:00:01.123457Z"}) == [3]
    assert await found(to="2020-01-01T00:00:01.1234567Z") == [0, 1, 2]
    assert await found(to="2020-01-01T00:00:01.123456000Z") == [0]
    assert await found(to="2020-01-01T00:00:01.999999999Z") == [0, 1, 2, 3]
    assert await found(**{"from": "2020-01-01T00:00:01.999999001Z", "to": "2020-01-01T00:00:01.999999002Z"}) == [3]
    assert await found(**{"from": "2020-01-01T01:00:01.123456001+01:00", "to": "9999-12-31T23:59:59.9999999Z"}) == [
        *(1, 2, 3)
    ]


async def test_the_digits_of_a_time_are_no_card_number(desk: AppFixture) -> None:
    """Nine digits of a second and an offset are as long as one, and one in ten has its check digit."""
    for number in range(60):
        time = f"2020-01-01T00:00:{number:02d}.{(number * 7_654_321_987) % 10**9:09d}-05:00"
        answer = await desk.client.get("/transactions", params={"merchant_name": "A", "from": time, "to": time})
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


async def test_ties_of_a_microsecond_are_walked_in_one_order(api: Api) -> None:
    """Ids of one moment that begin alike, moments a microsecond apart, and years between them."""
    names = ("aaaaaaaa", "aaaaaaaa-", "aaaaaaaaa", "aaaaaaaaA", "aaaaaaaa0", "aaaaaaaa_", "A" * 64, "-" * 8, "z" * 8)
    moments = ("1970-01-01T00:00:00Z", "2019-12-31T23:59:59.999999Z", "2020-01-01T00:00:00Z")
    for number, moment in enumerate(moments):
        for name in names:
            unique = f"{name[:-1]}{number}" if len(name) == 64 else f"{name}.{number}".replace(".", "_")
            await api.index(
                body(transaction_id=unique, card_number=CARD, merchant={"name": NAME}, occurred_at=moment)
            )
    for selector in ({"card_number": CARD}, {"merchant_name": NAME}):
        ascending = await walk(api, **selector, limit=2, order="asc")
        assert len(ascending) == len(names) * len(moments)
        assert ascending == sorted(ascending, key=lambda row: (row.occurred_at, row.transaction_id))
        assert await walk(api, **selector, limit=5, order="desc") == ascending[::-1]
        edges = {"from": "1970-01-01T00:00:00.000001Z", "to": "2020-01-01T00:00:00Z"}
        last_second = await walk(api, **selector, limit=4, **edges)
        assert {row.occurred_at for row in last_second} == {"2019-12-31T23:59:59.999999Z"}
        assert len(last_second) == len(names)
        widest = {"from": "1970-01-01T00:00:00Z", "to": "9999-12-31T23:59:59.999999Z"}
        assert await walk(api, **selector, limit=1000, order="asc", **widest) == ascending


async def test_a_range_of_nothing_is_an_empty_page(api: Api) -> None:
    """A card, a merchant and an account that nobody has seen."""
    for selector in ({"card_number": card_number(99)}, {"merchant_name": "Nobody"}, {"merchant_name": " "}):
        answer = await api.client.get("/transactions", params=selector)
        assert answer.json() == {"data": [], "has_more": False, "next_cursor": None}


async def test_a_cursor_is_bound_to_its_query(api: Api) -> None:
    """Not to its limit, but to the card or merchant, the times, the order and the account."""
    for number in range(3):
        await api.index(body_of(number))
    base = {"card_number": CARD, "from": "2020-01-01T00:00:00Z"}
    cursor = (await api.client.get("/transactions", params={**base, "limit": 1})).json()["next_cursor"]
    good = await api.client.get("/transactions", params={**base, "cursor": cursor, "limit": 5})
    assert len(good.json()["data"]) == 2
    granted = await api.key("transactions:read", "cards:lookup", granted=("other-account",))
    searched = await api.client.post("/transactions/search", json={**base, "cursor": cursor})
    assert len(searched.json()["data"]) == 2
    for change, headers in (
        ({"card_number": card_number(6)}, {}),
        ({"from": "2020-01-01T00:00:00.000001Z"}, {}),
        ({"to": "2021-01-01T00:00:00Z"}, {}),
        ({"order": "asc"}, {}),
        ({"account": "other-account"}, granted),
        ({"cursor": cursor[:-1] + ("A" if cursor[-1] != "A" else "B")}, {}),
        ({"cursor": cursor[4:]}, {}),
        ({"cursor": ""}, {}),
    ):
        refused = await api.client.get("/transactions", params={**base, "cursor": cursor, **change}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "cursor_invalid"), change
    other = await api.key("transactions:read", "cards:lookup", account="other-account")
    refused = await api.client.get("/transactions", params={**base, "cursor": cursor}, headers=other)
    assert refused.json()["code"] == "cursor_invalid"


async def test_a_card_number_needs_the_scope_to_look_cards_up(desk: AppFixture) -> None:
    """With `transactions:read` alone neither the list nor the search takes one."""
    reader = desk.key("transactions:read")
    for answer in (
        await desk.client.get("/transactions", params={"card_number": CARD}, headers=reader),
        await desk.client.post("/transactions/search", json={"card_number": CARD}, headers=reader),
        await desk.client.post("/transactions/search", json={"merchant_name": "A"}, headers=reader),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_one_transaction_by_its_id(api: Api) -> None:
    """The whole document without the card number; 404 in another account and for another id."""
    event = await api.index(full_body(card_number=CARD))
    found = await api.client.get(f"/transactions/{event.transaction_id}")
    assert found.status_code == 200
    expected = {
        **full_body(),
        "account": api.account,
        "card_id": event.card_id,
        "card_masked": f"{CARD[:6]}******{CARD[-4:]}",
        "customer_id": event.customer_id,
        "merchant_id": event.merchant_id,
        "accepted_at": event.accepted_at,
        "occurred_at": "2019-01-01T00:00:18.000000Z",
        "conflicts": [],
    }
    del expected["card_number"]
    unrelated = {"refunded_minor": 0, "reversed_minor": 0, "reversed": False, "flags": []}
    assert found.json() == expected | {"risk": None} | unrelated
    listed = await api.client.get("/transactions", params={"card_number": CARD})
    assert listed.json()["data"] == [expected]
    for path, headers in (
        ("/transactions/00000000000", {}),
        (f"/transactions/{event.transaction_id}", await api.key("transactions:read", account="other-account")),
    ):
        missing = await api.client.get(path, headers=headers)
        assert (missing.status_code, missing.json()["code"]) == (404, "transaction_not_found")


async def test_conflicts_are_shown(api: Api) -> None:
    """A later 202 that contradicts a transaction is named by its place, by id and in lists."""
    event = await api.index(body(card_number=CARD))
    first = await api.services.transactions.get(api.account, event.transaction_id)
    assert first is not None
    later = WriteOrder.of(ACCEPTED_AT, Position(ShardId("shardId-000000000001"), SequenceNumber("77"), 3))
    item = IndexItem.of(Event.decode(first.event), first.event.encode(), later)
    assert await api.services.transactions.note(item, seen=first.order, conflict=True, other=None)
    conflict = {
        "accepted_at": ACCEPTED_AT,
        "shard_id": "shardId-000000000001",
        "sequence_number": "77",
        "sub_sequence_number": 3,
    }
    assert (await api.client.get(f"/transactions/{event.transaction_id}")).json()["conflicts"] == [conflict]
    listed = await api.client.get("/transactions", params={"card_number": CARD})
    assert listed.json()["data"][0]["conflicts"] == [conflict]


async def test_a_card_is_found_under_every_key_version(api: Api) -> None:
    """Rows written before and after a new card key version make one list."""
    old = await api.index(body_of(0))
    ring = replace(api.services.keys, card_keys={**api.services.keys.card_keys, 2: b"2" * 32})
    services = replace(api.services, keys=ring, admission=Admission(ring, 300.0))
    api.app.state.services = api.services = services
    new = await api.index(body_of(3))
    assert [old.card_id[:7], new.card_id[:7]] == ["card_1_", "card_2_"]
    found = await walk(api, card_number=CARD, limit=1)
    assert [row.transaction_id for row in found] == [new.transaction_id, old.transaction_id]


async def test_a_cursor_outlives_a_new_card_key_version(api: Api) -> None:
    """Who pages on while a new key version signs, or asks a process that knows it already, misses nothing."""
    for number in range(7):
        await api.index(body_of(number))
    old = api.services
    ring = replace(old.keys, card_keys={**old.keys.card_keys, 2: b"2" * 32})
    new = replace(old, keys=ring, admission=Admission(ring, 300.0))
    api.app.state.services = api.services = new
    await api.index(body_of(9))
    api.app.state.services = old
    parameters: dict[str, Any] = {"card_number": CARD, "limit": 2, "order": "asc"}
    found: list[str] = []
    for services in (old, new, old, new):
        api.app.state.services = services
        page = (await api.client.get("/transactions", params=parameters)).json()
        found += [row["transaction_id"] for row in page["data"]]
        parameters["cursor"] = page["next_cursor"]
    assert sorted(found) == sorted(body_of(number)["transaction_id"] for number in (*range(7), 9))
    assert parameters["cursor"] is None


async def test_a_store_that_is_gone_is_said(desk: AppFixture) -> None:
    """503 with a time to come back, for each way to read."""
    for answer in (
        await desk.client.get("/transactions/00000000"),
        await desk.client.get("/transactions", params={"merchant_name": "A"}),
        await desk.client.post("/transactions/search", json={"card_number": CARD}),
        await desk.client.get("/merchants"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["retry-after"]) > 0


async def test_a_transaction_that_cannot_be_read_is_no_unknown_one_and_hides_no_other(api: Api) -> None:
    """503 by its id, since another process may know its dictionary; its card's list has the others."""
    table = api.services.transactions
    await api.index(body(transaction_id="kept-0001"))
    event = await api.index(body(transaction_id="broken-01"))
    item = await table._client.get_item(TableName=table._name, Key={"id": {"S": f"{api.account}#broken-01"}})
    await table._client.put_item(TableName=table._name, Item=item["Item"] | {"event": {"B": b"no frame"}})
    answer = await api.client.get("/transactions/broken-01")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    page = (await api.client.get("/transactions", params={"card_id": event.card_id})).json()
    assert [row["transaction_id"] for row in page["data"]] == ["kept-0001"]


async def test_an_event_of_another_layout_is_shown_alike(api: Api) -> None:
    """What another writer put on the stream with other spacing and order reads the same."""
    event = await api.index(body(transaction_id="ours-0001"))
    document = json.loads((await api.client.get("/transactions/ours-0001")).text)
    stored = await api.services.transactions.get(api.account, event.transaction_id)
    assert stored is not None
    fields = json.loads(stored.event)
    backwards = json.dumps(dict(reversed(fields.items())))
    for number, text in enumerate((json.dumps(fields, indent=1), stored.event + "\n", backwards)):
        foreign = f"foreign-{number}"
        await _put_text(api, event, foreign, text.replace("ours-0001", foreign))
        assert (await api.client.get(f"/transactions/{foreign}")).json() == document | {"transaction_id": foreign}


async def _put_text(api: Api, event: Event, transaction_id: str, text: str) -> None:
    order = WriteOrder.of(event.accepted_at, Position(ShardId("s"), SequenceNumber("1")))
    item = IndexItem(
        account=Account(api.account),
        transaction_id=TransactionId(transaction_id),
        card_id=event.card_id,
        merchant_id=event.merchant_id,
        sort=SortKey(f"{event.occurred_at}#{transaction_id}"),
        event=text,
        order=order,
    )
    assert await api.services.transactions.put_if_absent(item)


async def test_a_search_tells_of_many_unknown_names_once(desk: AppFixture) -> None:
    """Whatever their values are: lists in lists took tens of milliseconds and an error each."""
    names: dict[str, Any] = {f"x{number}": [[], {}] for number in range(900)}
    answer = await desk.client.post("/transactions/search", json={"order": "up", "limit": [], **names})
    assert answer.status_code == 422
    told = {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}
    assert told == {("", "field_unknown"), ("/order", "value_not_allowed"), ("/limit", "integer_required")}
    assert len(answer.json()["errors"]) == 3
    for content in (b"[]", b"7", b'"x"'):
        answer = await desk.client.post(
            "/transactions/search", content=content, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "object_required")


async def test_a_search_takes_json_alone(desk: AppFixture) -> None:
    """Its body has the bounds and the errors of every body."""
    for request, status, code in (
        (
            {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
            415,
            "media_type_unsupported",
        ),
        ({"content": b" " * 70_000 + b"{}"}, 413, "body_too_large"),
        ({"content": b"{}", "headers": {"Content-Encoding": "gzip"}}, 415, "content_encoding_unsupported"),
    ):
        answer = await desk.client.post("/transactions/search", **request)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_accounts_pages_are_read_a_few_at_a_time(api: Api, rows: list[Row]) -> None:
    """One that finds no room waits for it, and is told to come back after a while; smaller ones go between."""
    assert rows
    pages, account = api.services.memories.pages, str(api.account)
    held = pages.bytes_max // 2 - 200 * ROW_BYTES
    pages.take(account, held)
    try:
        small = await api.client.get("/transactions", params={"merchant_name": NAME, "limit": 100})
        with patch.object(reads, "PAGE_WAIT_S_MAX", 0.05):
            refused = await api.client.get("/transactions", params={"merchant_name": NAME, "limit": 1_000})
        waiting = asyncio.create_task(api.client.get("/transactions", params={"merchant_name": NAME, "limit": 1_000}))
        await until(lambda: account in pages._waiting)
    finally:
        pages.take(account, -held)
    assert (small.status_code, (await waiting).status_code) == (200, 200)
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert pages.held == 0
