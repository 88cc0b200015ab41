"""Which stream a lease belongs to. A name is not enough: a stream can be deleted and made again under it.

Shard ids then begin again, and sequence numbers of the old stream mean nothing to the new one. So a stream is known
by its ARN and by when it was created, as KCL knows it where one application reads several (StreamIdentifier: stream
ARN and creation epoch). Both come with DescribeStreamSummary.
"""

from dataclasses import dataclass
from typing import Final, Self

from txn_core.aws.types import KinesisClient
from txn_core.transactions.instants import Instant, instant_of
from workers.reading.answers import required

READABLE: Final = frozenset({"ACTIVE", "UPDATING"})


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    """A stream, told from every other one, also from one of its name before or after."""

    arn: str
    created_at: Instant

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote."""
        created_at, _, arn = text.partition(" ")
        return cls(arn, Instant(created_at))

    def __str__(self) -> str:
        return f"{self.created_at} {self.arn}"


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """A stream as it is now. `identity` is None on a server that does not say when the stream was created."""

    status: str
    identity: StreamIdentity | None

    @property
    def readable(self) -> bool:
        """Whether there is a stream that can be read: neither still being made nor already being deleted."""
        return self.status in READABLE


async def summary_of(client: KinesisClient, stream: str) -> StreamSummary:
    """Ask for the stream of a name. AWS takes 20 such calls a second of a whole account.

    Raises:
        ClientError: `ResourceNotFoundException` when there is no such stream.
    """
    summary = required(await client.describe_stream_summary(StreamName=stream), "StreamDescriptionSummary")
    created = summary.get("StreamCreationTimestamp")
    identity = None if created is None else StreamIdentity(summary.get("StreamARN", ""), instant_of(created))
    return StreamSummary(str(summary.get("StreamStatus", "")), identity)
