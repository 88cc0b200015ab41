"""Kinesis and DynamoDB at the far end of a link: as many of their operations as the API calls."""

import asyncio
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from devkit.kinesis_server.stream_limits import ShardMeter
from pydantic_core import from_json, to_json

from bench.counted.network import Link
from bench.reads.dynamodb import Table, query

SHARDS: Final = 4
THROTTLED: Final = "ProvisionedThroughputExceededException"
_HASHES: Final = 1 << 128

HttpReply = Callable[[str, Any], tuple[float, dict[str, Any]]]
"""Of an operation and its request: the seconds after which it is answered, and the answer."""


class Service:
    """One connection to a service of AWS, with one request at a time."""

    def __init__(self, link: Link, answer: HttpReply) -> None:
        self._link, self._answer = link, answer
        self._data = b""

    def came(self, data: bytes) -> None:
        """Answer a request that is whole."""
        self._data += data
        head, separator, body = self._data.partition(b"\r\n\r\n")
        if not separator:
            return
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if len(body) < int(fields[b"content-length"]):
            return
        self._data = b""
        target = head.lower().partition(b"x-amz-target: ")[2].partition(b"\r\n")[0].decode()
        after_s, document = self._answer(target.rpartition(".")[2], from_json(body))
        content = to_json(document)
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n%b" % (
            len(content),
            content,
        )
        asyncio.get_running_loop().call_later(after_s, self._link.feed, answer)

    def was_read(self) -> None:
        """An answer is sent whole."""

    def closed(self) -> None:
        """Nothing is kept."""


class Stream:
    """A stream of equal shards. It notes when each transaction was sent and when its landing was told."""

    def __init__(self, latency_s: float = 0.01) -> None:
        self.latency_s = latency_s
        self.calls = 0
        self.refusal: str | None = None  # the code that every record is answered with
        self.has_limits = False  # those of Kinesis
        self._meters = [ShardMeter() for _ in range(SHARDS)]
        self.on_call: Callable[[list[bytes]], None] = lambda _: None
        self.on_answer: Callable[[list[bytes]], None] = lambda _: None
        self._landed = 0

    def server(self, link: Link) -> Service:
        """For `CountingLoop.servers`."""
        return Service(link, self._answer)

    def _answer(self, operation: str, request: Any) -> tuple[float, dict[str, Any]]:
        if operation == "listshards":
            return self.latency_s, {"Shards": [shard_document(number) for number in range(SHARDS)]}
        self.calls += 1
        records = request["Records"] if operation == "putrecords" else [request]
        data = [b64decode(record["Data"]) for record in records]
        self.on_call(data)
        asyncio.get_running_loop().call_later(self.latency_s, self.on_answer, data)
        landed = [self._outcome(record, len(content)) for record, content in zip(records, data, strict=True)]
        return self.latency_s, {"FailedRecordCount": 0, "Records": landed} if operation == "putrecords" else landed[0]

    def _outcome(self, record: Any, size: int) -> dict[str, str]:
        meter, now = self._meters[shard_of(record)], asyncio.get_running_loop().time()
        code = self.refusal
        if code is None and self.has_limits and not meter.admit_write(size, now, 1.0):
            code = THROTTLED
        if code is not None:
            return {"ErrorCode": code, "ErrorMessage": "on purpose"}
        self._landed += 1
        return {"ShardId": f"shardId-{shard_of(record):012d}", "SequenceNumber": f"{self._landed:056d}"}


class Tables:
    """Tables by their names, in memory."""

    def __init__(self, latency_s: float = 0.002) -> None:
        self.latency_s = latency_s
        self.tables: dict[str, Table] = {}
        self.reads = 0

    def server(self, link: Link) -> Service:
        """For `CountingLoop.servers`."""
        return Service(link, self._answer)

    def put(self, table: str, key: str, item: dict[str, Any]) -> None:
        """Put an item whose key is one attribute; bytes are kept as JSON has them."""
        as_json = {name: {"B": b64encode(each["B"]).decode()} if "B" in each else each for name, each in item.items()}
        self.tables.setdefault(table, Table()).put(key, as_json)

    def _answer(self, operation: str, request: Any) -> tuple[float, dict[str, Any]]:
        self.reads += 1
        table = self.tables.setdefault(request["TableName"], Table())
        if operation == "query":
            return self.latency_s, query(table, request)
        if operation == "putitem":
            table.put(next(iter(request["Item"])), request["Item"])  # the first attribute of what we put is the key
            return self.latency_s, {}
        item = table.items.get(to_json(request["Key"]))
        return self.latency_s, {} if item is None else {"Item": item}


def shard_of(record: Mapping[str, Any]) -> int:
    """The number of the shard that a record of a call is bound for."""
    key = record.get("ExplicitHashKey")
    hashed = hashlib.md5(record["PartitionKey"].encode(), usedforsecurity=False).digest()
    return (int(key) if key is not None else int.from_bytes(hashed)) * SHARDS // _HASHES


def shard_document(number: int) -> dict[str, Any]:
    """A shard as ListShards gives it."""
    share = _HASHES // SHARDS
    return {
        "ShardId": f"shardId-{number:012d}",
        "HashKeyRange": {"StartingHashKey": str(number * share), "EndingHashKey": str((number + 1) * share - 1)},
        "SequenceNumberRange": {"StartingSequenceNumber": "1"},
    }
