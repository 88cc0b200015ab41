"""A client of our Kinesis server's own operations, without a network: on a clock that jumps, hours pass at once.

It has the calls that readers make and answers them as botocore would. What `faults` decide for a call holds here as
far as it needs no connection: errors, exceptions among the events of a subscription, and cuts between them.
"""

import asyncio
import json
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partialmethod
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError
from devkit.kinesis_server.calls.operations import carry_out
from devkit.kinesis_server.errors import KinesisError
from devkit.kinesis_server.fan_out.subscription import Subscription
from devkit.kinesis_server.fates import CallFate, Cut
from devkit.kinesis_server.faults import Call
from devkit.kinesis_server.state.account import Account, Options
from devkit.kinesis_server.state.shard import NewRecord
from pydantic_core import to_json

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

NOON_S = 1_800_000_000.0


def account_on_loop_time(**options: Any) -> Account:
    """An empty account whose clock is the running loop's."""
    loop = asyncio.get_running_loop()
    return Account(options=Options(**options), clock=lambda: NOON_S + loop.time())


@dataclass(slots=True)
class MemoryKinesis:
    """The client of one reader, or of several."""

    account: Account
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def client(self) -> "KinesisClient":
        """The same as what readers ask for."""
        return cast("KinesisClient", self)

    def store(self, stream: str, shard_id: str, *data: bytes) -> list[str]:
        """Put records on a shard; gives their sequence numbers."""
        held = self.account.stream(stream)
        shard, now = held.shard(shard_id), self.account.clock()
        return [held.store(shard, NewRecord("k", None, one, len(one) + 1), now).sequence_number for one in data]

    async def _call(self, operation: str, **request: Any) -> Any:
        await asyncio.sleep(0)
        fate = self._fate(operation)
        answer = self._answer(operation, request, fate)
        return None if answer.document is None else _as_botocore(json.loads(to_json(answer.document)))

    list_shards = partialmethod(_call, "ListShards")
    get_shard_iterator = partialmethod(_call, "GetShardIterator")
    get_records = partialmethod(_call, "GetRecords")
    register_stream_consumer = partialmethod(_call, "RegisterStreamConsumer")
    describe_stream_consumer = partialmethod(_call, "DescribeStreamConsumer")
    describe_stream_summary = partialmethod(_call, "DescribeStreamSummary")

    async def subscribe_to_shard(self, **request: Any) -> Any:
        """A subscription whose events come on the loop's clock."""
        await asyncio.sleep(0)
        fate = self._fate("SubscribeToShard")
        subscription = self._answer("SubscribeToShard", request, fate).subscription
        assert isinstance(subscription, Subscription)
        return {"EventStream": MemoryEventStream(subscription, fate)}

    def _fate(self, operation: str) -> CallFate:
        self.calls[operation] += 1
        return self.account.faults.call_fate(Call(operation, self.calls[operation]))

    def _answer(self, operation: str, request: dict[str, Any], fate: CallFate) -> Any:
        error, answer = None, None
        try:
            answer = carry_out(self.account, operation, to_json(_as_sent(request))) if fate.carried_out else None
        except KinesisError as refusal:
            error = refusal
        if fate.error is not None:
            error = KinesisError(fate.error, fate.message, fate.status)
        if error is not None:
            said: Any = {"Error": {"Code": error.code}, "ResponseMetadata": {"HTTPStatusCode": error.status}}
            raise ClientError(said, operation)
        return answer


@dataclass(slots=True)
class MemoryEventStream:
    """The events of a subscription as aiobotocore gives them. `silent` lets none come any more."""

    subscription: Subscription
    fate: CallFate
    silent: bool = False
    closed: bool = False

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        given = 0
        while not self.subscription.over:
            await asyncio.sleep(self.subscription.push_s)
            if self.silent:
                await asyncio.Event().wait()
            if (framed := self.subscription.next()) is None:
                continue
            if given >= self.fate.after_events and self.fate.cut is Cut.MID_ANSWER:
                raise aiohttp.ClientPayloadError
            if given >= self.fate.after_events and self.fate.exception is not None:
                raise _event_error(self.fate.exception)
            given += 1
            yield _event(framed)

    def close(self) -> None:
        """Note that it is closed."""
        self.closed = True


def _event(framed: bytes) -> dict[str, Any]:
    buffer: Any = EventStreamBuffer()
    buffer.add_data(framed)
    (message,) = buffer
    if (code := message.headers.get(":exception-type")) is not None:
        raise _event_error(code)
    return {message.headers[":event-type"]: _as_botocore(json.loads(message.payload))}


def _event_error(code: str) -> EventStreamError:
    return EventStreamError(cast("Any", {"Error": {"Code": code, "Message": ""}}), "SubscribeToShard")


def _as_sent(request: Any) -> Any:
    """A request with moments as seconds."""
    if isinstance(request, dict):
        return {name: _as_sent(value) for name, value in request.items()}
    return request.timestamp() if isinstance(request, datetime) else request


def _as_botocore(document: dict[str, Any]) -> dict[str, Any]:
    """An answer with its records as botocore parses them."""
    for record in document.get("Records", ()):
        if "Data" in record:
            record["Data"] = b64decode(record["Data"])
        if (arrived := record.get("ApproximateArrivalTimestamp")) is not None:
            record["ApproximateArrivalTimestamp"] = datetime.fromtimestamp(arrived, UTC)
    return document
