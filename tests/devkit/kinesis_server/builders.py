"""What the tests of the Kinesis server say again and again."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError
from devkit.kinesis_server.calls.operations import carry_out
from devkit.kinesis_server.errors import KinesisError
from devkit.kinesis_server.state.account import Account
from devkit.kinesis_server.state.shard import NewRecord
from pydantic_core import to_json

from devkit.kinesis_server import KinesisServer
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

STREAM: Final = "txn"
NOON: Final = 1_800_000_000.0
CLIENT_PATIENCE_S: Final = 0.25
SHARDS: Final = [f"shardId-{index:012d}" for index in range(8)]


@dataclass
class HandClock:
    """Stands still until it is moved."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now


def settings_for(server: KinesisServer) -> Settings:
    """Settings whose stream is the server's."""
    return Settings(kinesis_endpoint_url=server.url, stream=STREAM)


def new_record(data: bytes = b"data", key: str = "key", hash_key: str | None = None) -> NewRecord:
    """A record to be stored."""
    return NewRecord(key, hash_key, data, len(data) + len(key))


def call(account: Account, operation: str, **request: Any) -> Any:
    """Carry out an operation as if it had come over HTTP, and read its answer as a client would."""
    answer = carry_out(account, operation, to_json(request))
    return json.loads(to_json(answer.document))


def refusal(account: Account, operation: str, **request: Any) -> KinesisError:
    """The error that an operation ends in."""
    with pytest.raises(KinesisError) as caught:
        call(account, operation, **request)
    return caught.value


async def put(client: "KinesisClient", *data: bytes, keys: list[str] | None = None) -> Any:
    """PutRecords with a key of its own for each record, or the keys given."""
    names = keys or [f"key{number}" for number in range(len(data))]
    return await client.put_records(
        StreamName=STREAM,
        Records=[{"Data": datum, "PartitionKey": key} for datum, key in zip(data, names, strict=True)],
    )


async def error_of(awaitable: Any) -> str:
    """The code of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        await awaitable
    return caught.value.response["Error"]["Code"]


def stored(server: KinesisServer) -> list[bytes]:
    """The data of all that the stream holds, shard by shard."""
    return [record.data for record in server.stream(STREAM).records()]


def acknowledged(server: KinesisServer) -> list[bytes]:
    """The data of what the server knows that it acknowledged."""
    return [record.data for record in server.stream(STREAM).records() if record.acknowledged]
