"""What the operations work on: the streams by name, the limits, the faults and the clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from devkit.kinesis_server.calls.shapes import NamesStream
from devkit.kinesis_server.errors import ACCOUNT_ID, in_use, invalid_argument, no_stream
from devkit.kinesis_server.faults import Faults
from devkit.kinesis_server.state.shard import KEEP_ALL, Keep
from devkit.kinesis_server.state.stream import RECORD_BYTES_MAX, Stream
from devkit.kinesis_server.stream_limits import Limits

Clock = Callable[[], float]


def steady_clock() -> Clock:
    """Seconds since the epoch by a clock that never goes back."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


@dataclass(frozen=True, slots=True)
class Options:
    """What is the same for the whole life of a server. The defaults are those of AWS, but changes take no time."""

    keep: Keep = KEEP_ALL
    request_bytes_max: int = 5 << 20  # of a PutRecords call, keys included
    record_bytes_max: int = RECORD_BYTES_MAX  # of a stream that is not made with another limit
    iterator_life_s: float = 300.0
    shards_a_page: int = 1_000  # of ListShards, when the caller asks for no fewer
    transition_s: float = 0.0  # how long a stream stays CREATING or UPDATING, and a consumer CREATING
    subscription_life_s: float = 300.0
    taken_over_after_s: float = 5.0  # from when on a subscription gives way to another of its consumer and shard
    heartbeat_s: float = 5.0  # from an event of a subscription to the next one when there are no records
    push_s: float = 0.01  # from one look for records to be pushed to the next


@dataclass(slots=True)
class Account:
    """Everything a server knows."""

    options: Options = field(default_factory=Options)
    faults: Faults = field(default_factory=Faults)
    stream_limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=steady_clock)
    streams: dict[str, Stream] = field(default_factory=dict)
    iterators_made: int = 0
    iterators_expired: int = 0  # the iterators made up to this one are expired, however young
    subscriptions_expired_at: float = float("-inf")  # subscriptions begun until then are expired, however young

    def create(self, name: str, shards: int, record_bytes_max: int | None = None) -> Stream:
        """Make a stream.

        Raises:
            KinesisError: there is one of that name.
        """
        if name in self.streams:
            raise in_use(f"Stream {name} under account {ACCOUNT_ID} already exists.")
        self.streams[name] = Stream(
            name,
            shards,
            now=self.clock(),
            keep=self.options.keep,
            record_bytes_max=record_bytes_max or self.options.record_bytes_max,
            transition_s=self.options.transition_s,
        )
        return self.streams[name]

    def stream(self, name: str) -> Stream:
        """A stream by its name.

        Raises:
            KinesisError: there is none.
        """
        if (stream := self.streams.get(name)) is None:
            raise no_stream(name)
        return stream

    def stream_of(self, request: NamesStream) -> Stream:
        """The stream that a request names by name or ARN.

        Raises:
            KinesisError: it names none, or one that does not exist.
        """
        name = request.get("StreamName") or request.get("StreamARN", "").rpartition("/")[2]
        if not name:
            raise invalid_argument("One of StreamName or StreamARN must be given.")
        return self.stream(name)

    def ready_stream_of(self, request: NamesStream) -> Stream:
        """The same, and it is past CREATING, before which it neither takes nor gives records."""
        stream = self.stream_of(request)
        if stream.status(self.clock()) == "CREATING":
            raise no_stream(stream.name)
        return stream

    def expire_iterators(self) -> None:
        """Let every iterator that was given out so far be expired."""
        self.iterators_expired = self.iterators_made

    def expire_subscriptions(self) -> None:
        """Let every subscription that is under way end, as it does by itself after its time."""
        self.subscriptions_expired_at = self.clock()
