"""The Kinesis of the local stack gives no more than AWS does in one read, and keeps records no longer."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from tests.txn_cli.stack.node_servers import LATER, NodeServer, launched
from tests.txn_cli.stack.told_children import wait_until

pytestmark = pytest.mark.usefixtures("local_servers")

MB = 1_000_000
READS_MAX = 100
OF_SHARD = {"StreamName": "stream", "ShardId": "shardId-000000000000"}


def make_stream(server: NodeServer) -> None:
    """A stream of one shard that takes records."""
    server.call("CreateStream", StreamName="stream", ShardCount=1)
    wait_until(lambda: server.call("DescribeStreamSummary", StreamName="stream")[SUMMARY]["StreamStatus"] == "ACTIVE")


SUMMARY = "StreamDescriptionSummary"


def put(server: NodeServer, *sizes: int) -> None:
    """Put records of these sizes, each with its number at the front, that LevelDB cannot compress."""
    for number, size in enumerate(sizes):
        data = base64.b64encode(f"{number:04}".encode() + os.urandom(size - 4)).decode()
        server.call("PutRecord", StreamName="stream", Data=data, PartitionKey="a")


def read(server: NodeServer, **request: Any) -> tuple[list[bytes], str]:
    """The data of the records of one read, and the next iterator."""
    answer = server.call("GetRecords", **request)
    return [base64.b64decode(record["Data"]) for record in answer["Records"]], answer["NextShardIterator"]


def start(server: NodeServer) -> str:
    """The iterator at the beginning."""
    iterator: str = server.call("GetShardIterator", **OF_SHARD, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return iterator


def test_a_read_gives_at_most_ten_megabytes_and_the_next_one_goes_on(tmp_path: Path) -> None:
    """AWS: the maximum size of data that GetRecords can return is 10 MB."""
    with launched("kinesis", tmp_path / "data") as server:
        make_stream(server)
        put(server, *[MB] * 23)
        iterator, found = start(server), []
        for count in (10, 10, 3, 0):
            data, iterator = read(server, ShardIterator=iterator)
            assert len(data) == count
            found += [record[:4] for record in data]
    assert found == [f"{number:04}".encode() for number in range(23)]


def test_a_limit_in_records_still_counts(tmp_path: Path) -> None:
    with launched("kinesis", tmp_path / "data") as server:
        make_stream(server)
        put(server, *[100] * 5)
        assert len(read(server, ShardIterator=start(server), Limit=2)[0]) == 2


def test_records_past_their_retention_are_deleted_though_nobody_reads_them(tmp_path: Path) -> None:
    """24 hours by default. Of a stream that keeps its records for longer they stay."""
    folder = tmp_path / "data"
    with launched("kinesis", folder) as server:
        make_stream(server)
        put(server, *[MB] * 20)
    with launched("kinesis", folder, *LATER, HOURS_LATER="23") as server:
        assert len(read(server, ShardIterator=start(server))[0]) == 10
        assert server.disk_bytes > 20 * MB
    with launched("kinesis", folder, *LATER, HOURS_LATER="25") as server:
        put(server, *[100] * 2)
        wait_until(lambda: server.disk_bytes < 6 * MB)
        assert [len(data) for data in read(server, ShardIterator=start(server))[0]] == [100, 100]


def test_a_load_leaves_neither_its_records_nor_its_files_in_memory(tmp_path: Path) -> None:
    """150 MB are written in large requests, and all are read again."""
    noise = [base64.b64encode(os.urandom(MB - 3)).decode() for _ in range(5)]
    records = [{"Data": data, "PartitionKey": "a"} for data in noise]
    with launched("kinesis", tmp_path / "data") as server:
        make_stream(server)
        for _ in range(30):
            server.call("PutRecords", StreamName="stream", Records=records)
        iterator, count = start(server), 0
        while count < 150:
            found, iterator = read(server, ShardIterator=iterator)
            count += len(found)
        assert server.mapped_files <= 64
        for _ in range(READS_MAX):  # Node collects what it has read while it works
            if server.own_memory_bytes < 320 * MB:
                break
            read(server, ShardIterator=start(server))
        assert server.own_memory_bytes < 320 * MB
