"""The Kinesis server's state behind the producer's client, on a clock that only waiting moves: nothing is measured.

What is counted is what the server stored.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from bench.counted.loop import CountingLoop, run
from devkit.kinesis_server.calls.operations import carry_out
from devkit.kinesis_server.state.account import Account
from devkit.kinesis_server.tally import Tally
from prometheus_client import CollectorRegistry
from pydantic_core import from_json, to_json

from txn_core.kinesis.producer import Producer

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

STREAM: Final = "txn"
KEY_BYTES: Final = 39
"""Of a partition key, which is a card id: it counts in the server's bytes, and is no data."""
PATIENCE_S: Final = 60.0


class VirtualStream:
    """PutRecords and ListShards of the server, answered after a round trip."""

    def __init__(self, shards: int, round_trip_s: float) -> None:
        self.account = Account(clock=lambda: asyncio.get_running_loop().time())
        self.account.create(STREAM, shards)
        self._round_trip_s = round_trip_s

    async def list_shards(self, **request: Any) -> Any:
        """All shards."""
        return self._carry_out("ListShards", request)

    async def put_records(self, **request: Any) -> Any:
        """Store records, and tell so later."""
        answer = self._carry_out("PutRecords", request)
        await asyncio.sleep(self._round_trip_s)
        return answer

    @property
    def tally(self) -> Tally:
        """What is stored."""
        return self.account.stream(STREAM).stored

    def _carry_out(self, operation: str, request: Any) -> Any:
        return from_json(to_json(carry_out(self.account, operation, to_json(request, bytes_mode="base64")).document))


def counted(events: Sequence[tuple[str, bytes]], *, rate: float, shards: int, round_trip_s: float) -> Tally:
    """What the server counts of events that are handed to one producer independently, so many a second."""

    async def sent(loop: CountingLoop) -> Tally:
        stream, rng, due_s = VirtualStream(shards, round_trip_s), random.Random(1), 0.0
        producer = Producer(
            cast("KinesisClient", stream),
            STREAM,
            buffer_bytes_max=64 << 20,
            requests_in_flight_max=4,
            deadline_s=PATIENCE_S,
            registry=CollectorRegistry(),
        )
        await producer.route_by_shards()
        for key, data in events:
            due_s += rng.expovariate(rate)
            loop.call_at(due_s, producer.submit, key, data)
        await asyncio.sleep(due_s)
        await producer.close(PATIENCE_S)
        return stream.tally

    return run(sent)
