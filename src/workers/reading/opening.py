"""Opens a reader for each shard of a drain, which polls or reads by enhanced fan-out, as the settings say."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol, Self

import structlog

from txn_core.aws.clients import Aws
from txn_core.aws.types import KinesisClient
from txn_core.drains import DrainDefinition
from txn_core.kinesis.consumers import arn_of, drain_consumers
from txn_core.kinesis.stream_limits import ReadLimit
from txn_core.loopback import is_local
from txn_core.positions import ShardId
from txn_core.settings import Settings
from workers.leases.lease import Checkpoint
from workers.reading.budget import ReadShare
from workers.reading.fan_out import FanOutReader
from workers.reading.read_position import Loss
from workers.reading.reader import Batch, ShardReader
from workers.retries import retry_outages

_log = structlog.get_logger(__name__)


class Reader(Protocol):
    """Reads one shard, each position behind a checkpoint once and in order."""

    @property
    def limit(self) -> ReadLimit | None:
        """What of the shard's limits holds the reader up just now, if anything does."""

    async def read(self) -> Batch:
        """The next records, perhaps none. Cancelling it loses nothing."""

    async def close(self) -> None:
        """Read no more."""


OpenReader = Callable[[ShardId, Checkpoint, Callable[[Loss], None]], Reader]


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """How a drain reads its stream: by a registered consumer, or by polling with its share of a shard's reads."""

    stream: str
    share: ReadShare
    consumer_arn: str | None = None

    @classmethod
    async def of(cls, kinesis: KinesisClient, settings: Settings, drain: DrainDefinition) -> Self:
        """The plan by the settings.

        Raises:
            SettingsError: the reads of the stream do not fit.
            StoreError: the drain's consumer is not registered.
        """
        stream = drain.stream(settings)
        share = ReadShare.of(settings, stream)
        if (consumer := drain_consumers(settings).get(drain.name)) is None:
            return cls(stream, share)
        consumer_arn = await retry_outages("describe consumer", partial(arn_of, kinesis, consumer))
        _log.info("fan_out_chosen", consumer=consumer_arn)
        if not is_local(settings.kinesis_endpoint_url):
            _log.warning("fan_out_unproven", reason="SubscribeToShard over HTTP/1.1 has not been seen to work on AWS")
        return cls(stream, share, consumer_arn)

    @asynccontextmanager
    async def opening(self, aws: Aws, kinesis: KinesisClient) -> AsyncIterator[OpenReader]:
        """What opens the drain's readers, for the time of the block."""
        settings, consumer_arn = aws.settings, self.consumer_arn
        if consumer_arn is None:
            yield polling(kinesis, settings, self.stream, self.share)
            return
        async with aws.kinesis_subscriber() as subscriber:
            yield lambda shard_id, checkpoint, lost: FanOutReader(
                subscriber,
                self.stream,
                consumer_arn,
                shard_id,
                checkpoint,
                idle_s=settings.poll_idle_s,
                shard_sync_s=settings.shard_sync_s,
                lost=lost,
            )


def polling(kinesis: KinesisClient, settings: Settings, stream: str, share: ReadShare) -> OpenReader:
    """What opens readers that poll with a share of each shard's reads."""
    return lambda shard_id, checkpoint, lost: ShardReader(
        kinesis,
        stream,
        shard_id,
        checkpoint,
        records_max=settings.poll_records_max,
        idle_s=settings.poll_idle_s,
        share=share,
        shard_sync_s=settings.shard_sync_s,
        lost=lost,
    )
