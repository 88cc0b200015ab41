"""The servers of the local stack keep what they acknowledged, whatever ends them."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aioboto3
import httpx
import pytest
from botocore.exceptions import ClientError
from devkit.local_servers import servers_running

from tests.txn_cli.stack.told_children import WAIT_S_MAX, Told, until
from txn_cli.stack import ports
from txn_cli.stack.binaries import find_node
from txn_cli.stack.children.stack_supervisor import supervised
from txn_cli.stack.datadir import DataDir, read_json
from txn_cli.stack.endpoints import Endpoints
from txn_cli.stack.foundation import PORT_TAKEN, prepared
from txn_cli.stack.nodepackages import installed_at, node_source, shared_root
from txn_cli.stack.stackports import StackPorts
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.settings import Settings


@asynccontextmanager
async def clients(endpoints: Endpoints) -> AsyncIterator[tuple[Any, Any, Any]]:
    """Clients of the stream, the tables and the lake."""
    session = aioboto3.Session(endpoints.access_key, endpoints.secret_key, region_name="us-east-1")
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(session.client("kinesis", endpoint_url=endpoints.kinesis_url)),
            await stack.enter_async_context(session.client("dynamodb", endpoint_url=endpoints.dynamodb_url)),
            await stack.enter_async_context(session.client("s3", endpoint_url=endpoints.s3_url)),
        )


async def usable(call: Callable[..., Awaitable[object]], **arguments: object) -> None:
    """Make the call once the stream or table that was just made takes it."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            try:
                await call(**arguments)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                await asyncio.sleep(0.01)
            else:
                return


async def write(endpoints: Endpoints) -> None:
    """One record, one item and one object."""
    async with clients(endpoints) as (kinesis, dynamodb, s3):
        await kinesis.create_stream(StreamName="stream", ShardCount=1)
        await usable(kinesis.put_record, StreamName="stream", PartitionKey="a", Data=b"record")
        await dynamodb.create_table(
            TableName="table",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        await usable(dynamodb.put_item, TableName="table", Item={"id": {"S": "item"}})
        await s3.create_bucket(Bucket="bucket")
        await s3.put_object(Bucket="bucket", Key="key", Body=b"object")


async def read(endpoints: Endpoints) -> tuple[bytes, str, bytes]:
    """The same again."""
    async with clients(endpoints) as (kinesis, dynamodb, s3):
        shard = (await kinesis.list_shards(StreamName="stream"))["Shards"][0]["ShardId"]
        iterator = await kinesis.get_shard_iterator(
            StreamName="stream", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )
        records = (await kinesis.get_records(ShardIterator=iterator["ShardIterator"]))["Records"]
        item = (await dynamodb.get_item(TableName="table", Key={"id": {"S": "item"}}))["Item"]
        body = (await s3.get_object(Bucket="bucket", Key="key"))["Body"]
        async with body as stream:
            return records[0]["Data"], item["id"]["S"], await stream.read()


async def test_data_and_ports_survive_a_kill(tmp_path: Path) -> None:
    """Each server comes back on its own port with what it acknowledged, first under the same supervisor, then
    under the next.
    """
    told = Told()
    data_dir = DataDir.at(tmp_path)
    async with servers_running(data_dir, told.narrator) as endpoints:
        await write(endpoints)
        for entry in (read_json(data_dir.document("children")) or {}).values():
            assert isinstance(entry, dict)
            os.kill(entry["pid"], signal.SIGKILL)
        await until(lambda: told.text.count("is back") == 3)
        assert await read(endpoints) == (b"record", "item", b"object")
    async with servers_running(data_dir, told.narrator) as again:
        assert again == endpoints
        assert await read(again) == (b"record", "item", b"object")


async def test_data_survives_a_move_to_other_ports(tmp_path: Path) -> None:
    """SeaweedFS knows its own parts by their addresses; a taken port must not cost the lake."""
    data_dir = DataDir.at(tmp_path)
    async with servers_running(data_dir, Told().narrator) as endpoints:
        await write(endpoints)
    data_dir.document("ports").unlink()
    async with servers_running(data_dir, Told().narrator) as moved:
        assert moved != endpoints
        assert await read(moved) == (b"record", "item", b"object")


async def test_a_port_that_is_taken_after_it_was_chosen_moves_the_servers(tmp_path: Path) -> None:
    """By a program that knows nothing of our reservations, or an outgoing connection."""
    told = Told()
    data_dir = DataDir.at(tmp_path)
    with data_dir.locked():
        async with (
            prepared(data_dir, told.narrator) as base,
            supervised(told.narrator, lambda pids: None) as supervisor,
        ):
            first = base.ports
            with socket.create_server((ports.HOST, first.of["volume"])):
                await base.start(supervisor, told.narrator)
            await write(base.endpoints)
            assert first.owned.isdisjoint(base.ports.owned)
            assert StackPorts.stored(data_dir) == base.ports
    assert told.text.count("trying other ports") == 1
    assert f"port {first.of['volume']}" in told.text


async def test_only_this_machine_reaches_the_servers(local_servers: Endpoints) -> None:
    """Nothing listens on an address of the outside."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; asks which address would be used
        outside = probe.getsockname()[0]
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for url in (local_servers.kinesis_url, local_servers.dynamodb_url, local_servers.s3_url):
            with pytest.raises(httpx.ConnectError):
                await client.get(url.replace(ports.HOST, outside))


async def test_a_client_that_goes_away_in_the_middle_ends_no_server(local_servers: Endpoints) -> None:
    for url in (local_servers.kinesis_url, local_servers.dynamodb_url):
        with socket.create_connection((ports.HOST, httpx.URL(url).port or 0)) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    async with httpx.AsyncClient(trust_env=False, timeout=60) as probe:
        for url in (local_servers.kinesis_url, local_servers.dynamodb_url):
            assert (await probe.get(url)).status_code in {200, 403}


async def test_an_iterator_at_a_moment_behind_the_last_record_is_one_at_the_tip(settings: Settings) -> None:
    """As on AWS; kinesalite by itself never answers."""
    await bootstrap(settings.model_copy(update={"stream_shards": 1}))
    async with Aws(settings).kinesis() as kinesis:

        async def iterator_at(moment: datetime) -> str:
            answer = await kinesis.get_shard_iterator(
                StreamName=settings.stream,
                ShardId="shardId-000000000000",
                ShardIteratorType="AT_TIMESTAMP",
                Timestamp=moment,
            )
            return answer["ShardIterator"]

        async def read(iterator: str) -> list[bytes]:
            return [record["Data"] for record in (await kinesis.get_records(ShardIterator=iterator))["Records"]]

        at_tip = await iterator_at(datetime.now(UTC))
        for data in (b"one", b"two"):
            await kinesis.put_record(StreamName=settings.stream, PartitionKey="a", Data=data)
        assert await read(at_tip) == [b"one", b"two"]
        assert await read(await iterator_at(datetime.now(UTC) - timedelta(hours=1))) == [b"one", b"two"]


@pytest.mark.parametrize("kind", ["kinesis", "dynamodb"])
def test_a_busy_port_is_one_line(kind: str, tmp_path: Path, local_servers: Endpoints) -> None:
    packages = installed_at(shared_root(tmp_path))
    with socket.create_server((ports.HOST, ports.choose())) as listener:
        port = listener.getsockname()[1]
        command = [
            str(find_node().node),
            str(node_source() / "server.js"),
            kind,
            str(packages),
            str(tmp_path),
            str(port),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, f"{kind}: port {port} on {ports.HOST} is taken\n")
    assert any(sign in done.stderr for sign in PORT_TAKEN)


async def test_a_client_of_the_fixture_writes_once(settings: Settings) -> None:
    """A client with the fixture's settings and environment reaches the lake, which refuses a second write."""
    session = aioboto3.Session()
    async with session.client("s3", endpoint_url=settings.s3_endpoint_url) as s3:
        await s3.create_bucket(Bucket=settings.lake_bucket)
        await s3.put_object(Bucket=settings.lake_bucket, Key="a/b", Body=b"c", IfNoneMatch="*")
        with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
            await s3.put_object(Bucket=settings.lake_bucket, Key="a/b", Body=b"c", IfNoneMatch="*")
