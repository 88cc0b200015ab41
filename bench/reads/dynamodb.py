"""A DynamoDB of few words, for measuring those who read from it: `python -m bench.reads.dynamodb`.

dynalite answers some hundred queries of a hundred items a second, fewer than what is measured asks for. This one
holds its tables in memory, answers GetItem and Query as DynamoDB does (JSON 1.0; bounds, order, limit, start key,
projection) and keeps what it answered to the same request. PutItem fills it and minds no condition. It checks no
signature. Prints its URL as a line of JSON when it listens.
"""

import asyncio
import bisect
import gc
import re
import signal
import sys
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import uvloop
from devkit.kinesis_server.http import Connection, Exchange
from pydantic_core import from_json, to_json

HOST: Final = "127.0.0.1"
ANSWERS_KEPT_MAX: Final = 10_000
KEYS: Final = {"by_card": "card", "by_merchant": "merchant", "by_original": "original"}
SORT: Final = "sort"
_CONDITION: Final = re.compile(r"\(?(\S+) = (\S+?)(?: AND (\S+) BETWEEN (\S+) AND (\S+?))?\)?")

Item = dict[str, Any]


@dataclass(slots=True)
class Table:
    """Items by their key's text; per index and partition the sort keys in order with their items."""

    items: dict[bytes, Item] = field(default_factory=dict)
    partitions: dict[tuple[str, str], list[tuple[str, Item]]] = field(default_factory=dict)

    def put(self, key: str, item: Item) -> None:
        """Add an item, whose key is one attribute."""
        self.items[to_json({key: item[key]})] = item
        for index, attribute in KEYS.items():
            if attribute in item:
                rows = self.partitions.setdefault((index, item[attribute]["S"]), [])
                bisect.insort(rows, (item[SORT]["S"], item), key=lambda row: row[0])


class Service:
    """Answers exchanges."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._answers: dict[tuple[bytes, bytes], bytes] = {}

    def begun(self, exchange: Exchange) -> None:
        """Wait for the body."""

    def received(self, exchange: Exchange) -> None:
        """Answer, from memory if the same was asked before."""
        asked = (exchange.target, exchange.body)
        answer = self._answers.get(asked)
        if answer is None:
            answer = self._answer(exchange)
            if len(self._answers) >= ANSWERS_KEPT_MAX:
                self._answers.clear()
            self._answers[asked] = answer
        exchange.connection.send(exchange, answer)

    def _answer(self, exchange: Exchange) -> bytes:
        request = from_json(exchange.body)
        table = self._tables.setdefault(request["TableName"], Table())
        match exchange.target.partition(b".")[2]:
            case b"PutItem":
                self._answers.clear()
                # The first attribute of what we put is the key.
                table.put(next(iter(request["Item"])), request["Item"])
                return _http(200, {})
            case b"GetItem":
                item = table.items.get(to_json(request["Key"]))
                return _http(200, {} if item is None else {"Item": item})
            case b"Query":
                return _http(200, query(table, request))
            case _:
                return _http(400, {"__type": "com.amazonaws.dynamodb.v20120810#UnknownOperationException"})


def query(table: Table, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a query of an index, or of the one item that is kept of an id."""
    if "IndexName" not in request:
        item = table.items.get(to_json({"id": request["ExpressionAttributeValues"][":id"]}))
        there = [] if item is None else [item]
        return {"Items": there, "Count": len(there), "ScannedCount": len(there)}
    condition = _CONDITION.fullmatch(request["KeyConditionExpression"])
    assert condition is not None, request["KeyConditionExpression"]
    values = request["ExpressionAttributeValues"]
    _, key, _, low, high = condition.groups()
    rows = table.partitions.get((request["IndexName"], values[key]["S"]), [])
    first = bisect.bisect_left(rows, values[low]["S"], key=_sort) if low else 0
    last = bisect.bisect_right(rows, values[high]["S"], key=_sort) if high else len(rows)
    forward, start = request.get("ScanIndexForward", True), request.get("ExclusiveStartKey")
    if start is not None and forward:
        first = max(first, bisect.bisect_right(rows, start[SORT]["S"], key=_sort))
    elif start is not None:
        last = min(last, bisect.bisect_left(rows, start[SORT]["S"], key=_sort))
    found = rows[first:last] if forward else rows[first:last][::-1]
    page = [item for _, item in found[: request.get("Limit", len(found))]]
    answer = {"Items": [_projected(item, request) for item in page], "Count": len(page), "ScannedCount": len(page)}
    if page and len(page) == request.get("Limit"):
        attribute = KEYS[request["IndexName"]]
        answer["LastEvaluatedKey"] = {name: page[-1][name] for name in ("id", attribute, SORT)}
    return answer


def _sort(row: tuple[str, Item]) -> str:
    return row[0]


def _projected(item: Item, request: dict[str, Any]) -> Item:
    if "ProjectionExpression" not in request:
        return item
    names = request.get("ExpressionAttributeNames", {})
    wanted = [names.get(name.strip(), name.strip()) for name in request["ProjectionExpression"].split(",")]
    return {name: item[name] for name in wanted if name in item}


def _http(status: int, document: dict[str, Any]) -> bytes:
    body = to_json(document)
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/x-amz-json-1.0",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


async def _serve() -> None:
    ended, connections, service = asyncio.Event(), set[Connection](), Service()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    listener = await loop.create_server(lambda: Connection(service, connections), HOST, 0, backlog=1_024)
    url = f"http://{HOST}:{listener.sockets[0].getsockname()[1]}"
    sys.stdout.write(to_json({"url": url}).decode() + "\n")
    sys.stdout.flush()
    await ended.wait()
    listener.close()
    for connection in [*connections]:
        connection.drop()
    await listener.wait_closed()


if __name__ == "__main__":
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    uvloop.run(_serve())
