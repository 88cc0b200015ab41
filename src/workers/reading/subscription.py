"""One subscription to a shard (SubscribeToShard): its events, one at a time, as its reader asks for them.

The connection is read only while an event is asked for, and at most one event is held that nobody has taken yet. So
a reader that is busy makes Kinesis wait: nothing piles up here.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Self

import aiohttp
from botocore.eventstream import ParserError
from botocore.exceptions import EventStreamError

from txn_core.aws.errors import code_of
from txn_core.aws.types import KinesisClient
from txn_core.positions import ShardId
from workers.reading.read_position import Start

SILENCE_S_MAX: Final = 35.0
"""A subscription without an event for so long is given up: its connection may be dead without our being told.

The Kinesis Client Library waits as long. Kinesis also sends events without records while nothing arrives.
"""
EVENT: Final = "SubscribeToShardEvent"
_ENDS: Final = frozenset({"InternalFailureException", "ResourceInUseException"})


class SubscriptionLostError(ConnectionError):
    """A subscription was cut off, taken over or ended by a failure of Kinesis. A further one goes on in its place."""


class Subscription:
    """A subscription that has begun. Whoever has one closes it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._events: AsyncIterator[Mapping[str, Any]] = aiter(stream)
        self._next: asyncio.Future[Mapping[str, Any] | None] | None = None
        self._silent_s = 0.0

    @classmethod
    async def begin(cls, client: KinesisClient, consumer_arn: str, shard_id: ShardId, start: Start) -> Self:
        """Subscribe from a start on.

        Raises:
            ClientError: ResourceInUseException when the last one began less than five seconds ago, and others.
        """
        answer: Any = await client.subscribe_to_shard(
            ConsumerARN=consumer_arn, ShardId=shard_id, StartingPosition=start.position
        )
        return cls(answer["EventStream"])

    async def event(self, *, within_s: float) -> Mapping[str, Any] | None:
        """The next event; empty when none came in time, None when the subscription has come to its end.

        Cancelling it loses nothing.

        Raises:
            SubscriptionLostError: it was cut off, or ended for a reason that passes.
            EventStreamError: it ended for a reason that may stay, such as a key that cannot be used.
        """
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._events, None))
        await asyncio.wait({self._next}, timeout=within_s)
        if not self._next.done():
            self._silent_s += within_s
            if self._silent_s >= SILENCE_S_MAX:
                raise SubscriptionLostError("no event for too long")
            return {}
        arrived, self._next, self._silent_s = self._next, None, 0.0
        try:
            event = arrived.result()
        except EventStreamError as error:
            if code_of(error) in _ENDS:
                raise SubscriptionLostError(code_of(error)) from error
            raise
        except (aiohttp.ClientError, ParserError) as error:
            raise SubscriptionLostError(type(error).__name__) from error
        return None if event is None else event.get(EVENT, {})

    async def close(self) -> None:
        """End the connection."""
        self._stream.close()
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait({self._next})
            if not self._next.cancelled():
                self._next.exception()  # it ended by itself; nobody asks for it any more
