"""A producer on a scripted stream."""

import asyncio
import itertools
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ReadTimeoutError
from prometheus_client import CollectorRegistry

from tests.support.fake_kinesis import FakeKinesis, Fate, Reply
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import BACKOFF_MAX_S, Producer
from txn_core.kinesis.stream_limits import Limits

DEADLINE_S: Final = 10.0
BUFFER_BYTES: Final = 1 << 20
LOST: Final = ReadTimeoutError(endpoint_url="http://127.0.0.1:1")
ALL_THROTTLED: Final = Reply(fates=[Fate.THROTTLED] * 500)


@dataclass
class ProducerFixture:
    """A producer, the stream that it writes to, and what it counts."""

    kinesis: FakeKinesis
    producer: Producer
    registry: CollectorRegistry

    @classmethod
    def on(
        cls,
        *script: Reply,
        buffer_bytes: int = BUFFER_BYTES,
        requests: int = 4,
        for_ever: Reply | None = None,
        shards: int = 1,
        limits: Limits | None = None,
    ) -> "ProducerFixture":
        """A producer whose calls end as scripted; then all as `for_ever`, or in landings."""
        replies = script if for_ever is None else itertools.chain(script, itertools.repeat(for_ever))
        registry, limits = CollectorRegistry(), limits or Limits()
        kinesis = FakeKinesis(replies, shard_count=shards, limits=limits)
        producer = Producer(
            kinesis.client,
            "stream",
            buffer_bytes_max=buffer_bytes,
            requests_in_flight_max=requests,
            deadline_s=DEADLINE_S,
            limits=limits,
            registry=registry,
        )
        return cls(kinesis, producer, registry)

    @classmethod
    async def by_shards(
        cls, *script: Reply, shards: int = 2, requests: int = 4, for_ever: Reply | None = None
    ) -> "ProducerFixture":
        """The same, with a map of the stream's shards."""
        desk = cls.on(*script, shards=shards, requests=requests, for_ever=for_ever, buffer_bytes=64 << 20)
        await desk.producer.route_by_shards()
        return desk

    def metric(self, name: str, **labels: str) -> float:
        """The present value of a metric."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def assert_settled(self) -> None:
        """Nobody waits, no bytes are held and no call is under way."""
        assert self.producer.buffered_bytes == 0
        assert self.metric("txn_user_records_pending") == 0
        assert self.kinesis.in_flight == 0

    def assert_idle(self) -> None:
        """Besides, every lane is empty and open, and a card's is forgotten."""
        self.assert_settled()
        assert not self.producer._lanes.ready
        for lane in self.producer._lanes.all():
            assert lane.pace is not None
            assert (lane.closed, lane.bytes_held, len(lane.queue)) == (False, 0, 0)
        assert all(request.done() for request in self.producer._requests)


async def ends(*futures: "asyncio.Future[Landing]") -> list[object]:
    """How futures end: landings, or the classes of their errors."""
    results = await asyncio.gather(*futures, return_exceptions=True)
    return [type(result) if isinstance(result, BaseException) else result for result in results]


async def quiet() -> None:
    """Wait until every pause between two attempts is over."""
    await asyncio.sleep(2 * BACKOFF_MAX_S)
