"""A registered consumer: its name and state, and which shards are pushed to it, one subscription each."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from devkit.kinesis_server.errors import KinesisError, in_use
from devkit.kinesis_server.stream_limits import BYTES_OUT_PER_S, Bucket

CALLS_APART_S: Final = 1.0  # one SubscribeToShard call a second for a consumer and shard
TAKEN_OVER_AFTER_S: Final = 5.0  # a younger subscription is kept, an older one gives way


class Subscribed(Protocol):
    """A subscription as its consumer sees it."""

    def give_way(self) -> None:
        """Another one has taken its place."""


@dataclass(slots=True)
class Seat:
    """What a consumer has at one shard: 2 MB a second of its own, and at most one subscription."""

    bytes_out: Bucket = field(default_factory=lambda: Bucket(BYTES_OUT_PER_S))
    called_at: float = float("-inf")
    subscribed_at: float = float("-inf")
    subscription: Subscribed | None = None


@dataclass(slots=True)
class Consumer:
    """One consumer of a stream."""

    stream_arn: str
    name: str
    created: float
    ready_at: float
    registered: bool = True
    seats: dict[str, Seat] = field(default_factory=dict)  # by shard

    @property
    def arn(self) -> str:
        """The consumer's ARN, which ends in the second of its registration."""
        return f"{self.stream_arn}/consumer/{self.name}:{int(self.created)}"

    def status(self, now: float) -> str:
        """CREATING at first, then ACTIVE."""
        return "CREATING" if now < self.ready_at else "ACTIVE"

    def document(self, now: float) -> dict[str, object]:
        """The consumer as the API gives it."""
        return {
            "ConsumerName": self.name,
            "ConsumerARN": self.arn,
            "ConsumerStatus": self.status(now),
            "ConsumerCreationTimestamp": self.created,
        }

    def seat(self, shard_id: str, now: float, *, taken_over_after_s: float) -> Seat:
        """The consumer's seat at a shard, for a new subscription.

        Raises:
            KinesisError: it has called too often, is not ACTIVE, or has a young subscription there, which is counted
                from its beginning whether it has ended or not.
        """
        seat = self.seats.setdefault(shard_id, Seat())
        apart_s, seat.called_at = now - seat.called_at, now
        if apart_s < min(CALLS_APART_S, taken_over_after_s):
            raise KinesisError("LimitExceededException", f"Rate exceeded for {self.arn} and shard {shard_id}.")
        if self.status(now) != "ACTIVE":
            raise in_use(f"Consumer {self.arn} is not ACTIVE.")
        if now - seat.subscribed_at < taken_over_after_s:
            raise in_use(f"Another active subscription exists for consumer {self.arn} and shard {shard_id}.")
        return seat
