"""The local servers close what they read with: an open iterator keeps every file that was there when it began."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.txn_cli.stack.node_servers import COUNTING, NodeServer, gets, launched, open_iterators, unpatched
from tests.txn_cli.stack.table_requests import ITEMS, tables
from tests.txn_cli.stack.told_children import wait_until

pytestmark = pytest.mark.usefixtures("local_servers")

SHARD = "shardId-000000000000"


def make_table(server: NodeServer) -> None:
    """A table with 50 items, 25 a card."""
    server.call("CreateTable", **tables()[0])
    wait_until(lambda: server.call("DescribeTable", TableName=ITEMS)["Table"]["TableStatus"] == "ACTIVE")
    for number in range(50):
        key = {"id": {"S": f"{number:02}"}, "card": {"S": f"card{number % 2}"}, "sort": {"S": f"{number:02}"}}
        server.call("PutItem", TableName=ITEMS, Item=key | {"note": {"S": "x" * 1_000}})


def read_table(server: NodeServer) -> None:
    """Reads of every kind: to the end, up to a limit, in reverse, on an index, of nothing, and refused ones."""
    query = {
        "TableName": ITEMS,
        "IndexName": "by_card",
        "KeyConditionExpression": "card = :c",
        "ExpressionAttributeValues": {":c": {"S": "card1"}},
    }
    for request in (query, query | {"Limit": 3}, query | {"ScanIndexForward": False, "Limit": 1}):
        server.call("Query", **request)
    server.call("Query", **query | {"ExpressionAttributeValues": {":c": {"S": "nobody"}}})
    server.call("Scan", TableName=ITEMS)
    server.call("Scan", TableName=ITEMS, Limit=5)
    server.call("Scan", TableName=ITEMS, IndexName="by_card_keys")
    server.call("ListTables")
    server.call("ListTables", Limit=1)
    server.call("ListTagsOfResource", ResourceArn=f"arn:aws:dynamodb:us-east-1:000000000000:table/{ITEMS}")
    assert server.ask("Query", **query | {"IndexName": "missing"}).status == 400
    leave_early(server)


def make_stream(server: NodeServer) -> None:
    """A stream with 50 records."""
    server.call("CreateStream", StreamName="stream", ShardCount=1)
    wait_until(lambda: server.ask("ListShards", StreamName="stream").body["Shards"] != [])
    wait_until(lambda: server.ask("PutRecord", StreamName="stream", Data="eA==", PartitionKey="a").status == 200)
    for _ in range(49):
        server.call("PutRecord", StreamName="stream", Data="eHh4" * 400, PartitionKey="a")


def read_stream(server: NodeServer) -> None:
    """Reads to the tip, up to a limit, from a moment, at the tip, and a list of streams."""
    of_shard = {"StreamName": "stream", "ShardId": SHARD}
    start = server.call("GetShardIterator", **of_shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert len(server.call("GetRecords", ShardIterator=start, Limit=3)["Records"]) == 3
    answer = server.call("GetRecords", ShardIterator=start)
    assert len(answer["Records"]) == 50
    assert server.call("GetRecords", ShardIterator=answer["NextShardIterator"])["Records"] == []
    moment = server.call("GetShardIterator", **of_shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=0)
    assert len(server.call("GetRecords", ShardIterator=moment["ShardIterator"])["Records"]) == 50
    server.call("ListStreams")
    server.call("DescribeStream", StreamName="stream")
    leave_early(server)


def leave_early(server: NodeServer) -> None:
    """Go away before the answer."""
    url = server.client.base_url
    with socket.create_connection((url.host, url.port or 0)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")


READS: dict[str, tuple[Callable[[NodeServer], None], Callable[[NodeServer], None]]] = {
    "dynamodb": (make_table, read_table),
    "kinesis": (make_stream, read_stream),
}


@pytest.mark.parametrize("kind", READS)
def test_no_read_leaves_an_iterator_open(kind: str, tmp_path: Path) -> None:
    make, read = READS[kind]
    with launched(kind, tmp_path / "data", *COUNTING) as server:
        make(server)
        for _ in range(3):
            read(server)
        wait_until(lambda: open_iterators(server) == 0)


def test_the_count_sees_the_leak_that_our_store_closes(tmp_path: Path) -> None:
    with unpatched("dynamodb", tmp_path / "data", *COUNTING) as server:
        make_table(server)
        before = open_iterators(server)
        for _ in range(3):
            read_table(server)
        assert open_iterators(server) - before >= 3 * 9


def test_what_the_first_whole_index_shows_lies_in_it_in_its_order(tmp_path: Path) -> None:
    """Items that are read together lie together. Other indexes hold keys, and each item is read by its own."""
    with launched("dynamodb", tmp_path / "data", *COUNTING) as server:
        make_table(server)
        for index, reads in (("by_card", 0), ("by_card_again", 50)):
            before = gets(server)
            assert server.call("Scan", TableName=ITEMS, IndexName=index)["Count"] == 50
            assert gets(server) - before == reads


def test_a_table_that_is_read_while_it_is_written_takes_no_more_disk_than_its_items(tmp_path: Path) -> None:
    """One row that changes all the time, as a lease's, beside a scan each: 60 MB are written, and 100 KB are kept."""
    with launched("dynamodb", tmp_path / "data") as server:
        make_table(server)
        peak = 0
        for number in range(600):
            item = {"id": {"S": "lease"}, "note": {"S": f"{number:06}" * 17_000}}
            server.call("PutItem", TableName=ITEMS, Item=item)
            server.call("Scan", TableName=ITEMS, Limit=1)
            peak = max(peak, server.disk_bytes)
    assert peak < 45_000_000
