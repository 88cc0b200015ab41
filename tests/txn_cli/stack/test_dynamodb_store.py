"""The DynamoDB of the local stack answers as dynalite, whose store we replaced, and as DynamoDB is documented."""

import base64
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.txn_cli.stack.node_servers import HttpReply, NodeServer, launched, unpatched
from tests.txn_cli.stack.table_requests import ITEMS, Requests, tables
from tests.txn_cli.stack.told_children import WAIT_S_MAX, wait_until
from txn_cli.stack.endpoints import Endpoints

pytestmark = pytest.mark.usefixtures("installed")

REQUESTS = int(os.environ.get("DIFFERENTIAL_REQUESTS", "250"))
PAGES_MAX = 100
# What is different in each table that is made, or in each answer.
OF_THE_MOMENT = {"TableId", "CreationDateTime", "LastUpdateToPayPerRequestDateTime"}


@pytest.fixture
def installed(local_servers: Endpoints) -> None:
    """The packages are installed by the first start of the servers."""


@pytest.fixture
def dynamodb(tmp_path: Path) -> Iterator[NodeServer]:
    """Our DynamoDB with the tables."""
    with launched("dynamodb", tmp_path / "data") as server:
        make_tables(server)
        yield server


def make_tables(server: NodeServer) -> None:
    """Make the tables, and wait until they are there."""
    for request in tables():
        server.call("CreateTable", **request)
    for request in tables():
        wait_for_status(server, request["TableName"], "ACTIVE")


def wait_for_status(server: NodeServer, table: str, wanted: str) -> None:
    """Wait until a table has a status, or `gone`."""
    deadline = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < deadline:
        answer = server.ask("DescribeTable", TableName=table)
        if wanted == (answer.body["Table"]["TableStatus"] if answer.status == 200 else "gone"):
            return
        time.sleep(0.005)
    raise AssertionError(f"table {table} is not {wanted}")


def plain(value: Any, operation: str = "") -> Any:
    """An answer without what depends on the moment; a batch has no order."""
    if isinstance(value, dict):
        kept = {name: plain(part) for name, part in value.items() if name not in OF_THE_MOMENT}
        if operation == "BatchGetItem" and "Responses" in kept:
            kept["Responses"] = {table: sorted(items, key=str) for table, items in kept["Responses"].items()}
        return kept
    return [plain(part) for part in value] if isinstance(value, list) else value


def pages(server: NodeServer, operation: str, request: dict[str, Any]) -> Iterator[HttpReply]:
    """An answer, and the pages that follow it."""
    for _ in range(PAGES_MAX):
        answer = server.ask(operation, **request)
        yield answer
        after = answer.body.get("LastEvaluatedKey") if isinstance(answer.body, dict) else None
        if after is None:
            return
        request = request | {"ExclusiveStartKey": after}
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize("seed", [1, 2])
def test_every_answer_is_that_of_the_unpatched_server(seed: int, tmp_path: Path) -> None:
    answered: dict[tuple[str, int], int] = {}
    with launched("dynamodb", tmp_path / "ours") as ours, unpatched("dynamodb", tmp_path / "theirs") as theirs:
        for server in (ours, theirs):
            make_tables(server)
        for number, (operation, request) in enumerate(Requests(seed).some(REQUESTS)):
            for page in zip(pages(ours, operation, request), pages(theirs, operation, request), strict=True):
                one, other = (HttpReply(answer.status, plain(answer.body, operation)) for answer in page)
                assert one == other, (seed, number, operation, request)
                answered[operation, one.status] = answered.get((operation, one.status), 0) + 1
    for operation in ("PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"):
        assert answered[operation, 200] > REQUESTS // 50, "the requests show something"
    assert answered["PutItem", 400] > 0


def test_a_folder_that_the_unpatched_server_wrote_is_read_and_written(tmp_path: Path) -> None:
    """Whoever has data from an earlier version keeps it: its index entries hold whole items."""
    folder, requests = tmp_path / "data", Requests(3)
    with unpatched("dynamodb", folder) as server:
        make_tables(server)
        for operation, request in requests.some(REQUESTS // 3):
            server.ask(operation, **request)
        before = everything(server)
    with ExitStack() as stack:
        copy = tmp_path / "copy"
        copy.mkdir()
        for file in folder.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        ours = stack.enter_context(launched("dynamodb", folder))
        theirs = stack.enter_context(unpatched("dynamodb", copy))
        assert everything(ours) == before
        for operation, request in requests.some(REQUESTS // 3):
            one, other = (server.ask(operation, **request) for server in (ours, theirs))
            assert plain(one.body, operation) == plain(other.body, operation)
        assert everything(ours) == everything(theirs)


def everything(server: NodeServer) -> dict[str, Any]:
    """All items of all tables and indexes."""
    found = {}
    for request in tables():
        table = request["TableName"]
        indexes = request.get("GlobalSecondaryIndexes", []) + request.get("LocalSecondaryIndexes", [])
        for of_index in [{}, *({"IndexName": index["IndexName"]} for index in indexes)]:
            answers = pages(server, "Scan", {"TableName": table, **of_index})
            found[f"{table} {of_index}"] = [answer.body["Items"] for answer in answers]
    return found


def by_card(server: NodeServer, card: str) -> list[Any]:
    """The items of a card, by the index."""
    answer = server.call(
        "Query",
        TableName=ITEMS,
        IndexName="by_card",
        KeyConditionExpression="card = :c",
        ExpressionAttributeValues={":c": {"S": card}},
    )
    items: list[Any] = answer["Items"]
    return items


def item(number: int, card: str, **more: Any) -> dict[str, Any]:
    """An item in the index `by_card`."""
    return {"id": {"S": f"id{number}"}, "card": {"S": card}, "sort": {"S": f"{number:06}"}, **more}


def test_an_index_shows_an_item_as_it_is_now(dynamodb: NodeServer) -> None:
    """AWS: an index that projects ALL has every attribute of the item, also those that change later."""
    dynamodb.call("PutItem", TableName=ITEMS, Item=item(1, "one"))
    key = {"id": {"S": "id1"}}
    update = {"UpdateExpression": "SET note = :n", "ExpressionAttributeValues": {":n": {"S": "new"}}}
    dynamodb.call("UpdateItem", TableName=ITEMS, Key=key, **update)
    assert by_card(dynamodb, "one") == [item(1, "one", note={"S": "new"})]
    dynamodb.call("PutItem", TableName=ITEMS, Item=item(1, "two"))
    assert (by_card(dynamodb, "one"), by_card(dynamodb, "two")) == ([], [item(1, "two")])
    dynamodb.call("UpdateItem", TableName=ITEMS, Key=key, UpdateExpression="REMOVE card")
    assert by_card(dynamodb, "two") == [], "an item without the key is in no index"
    dynamodb.call("PutItem", TableName=ITEMS, Item=item(1, "three"))
    dynamodb.call("DeleteItem", TableName=ITEMS, Key=key)
    assert by_card(dynamodb, "three") == []


def test_a_page_ends_at_a_megabyte_on_the_table_and_on_an_index(dynamodb: NodeServer) -> None:
    """AWS: a single Query or Scan reads up to 1 MB of items."""
    for number in range(30):
        dynamodb.call("PutItem", TableName=ITEMS, Item=item(number, "one", note={"S": "x" * 60_000}))
    query = {
        "TableName": ITEMS,
        "IndexName": "by_card",
        "KeyConditionExpression": "card = :c",
        "ExpressionAttributeValues": {":c": {"S": "one"}},
    }
    for operation, request in (("Query", query), ("Scan", {"TableName": ITEMS})):
        found = [answer.body["Items"] for answer in pages(dynamodb, operation, request)]
        assert [len(items) for items in found] == [18, 12], "the item that passes the megabyte is the last"
        assert len({one["id"]["S"] for items in found for one in items}) == 30


def test_a_table_that_is_made_again_has_no_items_of_before(dynamodb: NodeServer) -> None:
    for number in range(5):
        dynamodb.call("PutItem", TableName=ITEMS, Item=item(number, "one"))
    dynamodb.call("DeleteTable", TableName=ITEMS)
    wait_for_status(dynamodb, ITEMS, "gone")
    assert dynamodb.ask("Scan", TableName=ITEMS).body["__type"].endswith("#ResourceNotFoundException")
    dynamodb.call("CreateTable", **tables()[0])
    wait_for_status(dynamodb, ITEMS, "ACTIVE")
    assert dynamodb.call("Scan", TableName=ITEMS)["Items"] == by_card(dynamodb, "one") == []


def test_a_table_that_is_deleted_gives_its_disk_back(dynamodb: NodeServer) -> None:
    """LevelDB alone keeps it until other writes make it compact the files."""
    for number in range(60):
        noise = base64.b64encode(os.urandom(280_000)).decode()
        dynamodb.call("PutItem", TableName=ITEMS, Item=item(number, "one", note={"S": noise}))
    assert dynamodb.disk_bytes > 15_000_000
    dynamodb.call("DeleteTable", TableName=ITEMS)
    wait_until(lambda: dynamodb.disk_bytes < 1_000_000)


def test_of_many_conditional_writes_at_once_one_wins_and_none_is_lost(dynamodb: NodeServer) -> None:
    """Writes that come together are one batch; each still sees those before it."""

    def put(number: int) -> int:
        one = item(1, f"card{number}")
        return dynamodb.ask(
            "PutItem", TableName=ITEMS, Item=one, ConditionExpression="attribute_not_exists(id)"
        ).status

    def add(_: int) -> int:
        return dynamodb.ask(
            "UpdateItem",
            TableName=ITEMS,
            Key={"id": {"S": "counter"}},
            UpdateExpression="ADD hits :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        ).status

    with ThreadPoolExecutor(16) as crew:
        puts, adds = list(crew.map(put, range(100))), list(crew.map(add, range(100)))
    assert (puts.count(200), puts.count(400)) == (1, 99)
    assert adds == [200] * 100
    counter = dynamodb.call("GetItem", TableName=ITEMS, Key={"id": {"S": "counter"}})
    assert counter["Item"]["hits"] == {"N": "100"}


def test_an_item_and_its_index_entries_survive_a_kill_together(tmp_path: Path) -> None:
    """What was acknowledged is there, and the index has each item that the table has, no more and no less."""
    folder, acknowledged = tmp_path / "data", []
    with launched("dynamodb", folder) as server:
        make_tables(server)

        def put(number: int) -> None:
            if server.ask("PutItem", TableName=ITEMS, Item=item(number, "one")).status == 200:
                acknowledged.append(number)
            if len(acknowledged) == 300:
                os.kill(server.pid, signal.SIGKILL)

        with ThreadPoolExecutor(16) as crew:
            for outcome in [crew.submit(put, number) for number in range(2_000)]:
                with suppress(httpx.TransportError):
                    outcome.result()
    with launched("dynamodb", folder) as server:
        stored = server.call("Scan", TableName=ITEMS)["Items"]
        assert sorted(by_card(server, "one"), key=str) == sorted(stored, key=str)
    numbers = {int(one["id"]["S"].removeprefix("id")) for one in stored}
    assert 300 <= len(acknowledged) <= len(numbers) < 2_000
    assert numbers.issuperset(acknowledged)
