"""SubscribeToShard: the events of one subscription, decided from the state and the clock, without any I/O."""

from dataclasses import dataclass, field
from typing import Final

from devkit.kinesis_server.calls.answer import HttpReply
from devkit.kinesis_server.calls.reading import behind_ms, child_document, place_of, record_document
from devkit.kinesis_server.calls.shapes import LIST_MAX, SubscribeToShard
from devkit.kinesis_server.errors import ACCOUNT_ID
from devkit.kinesis_server.fan_out import frames
from devkit.kinesis_server.fan_out.consumer import Consumer, Seat
from devkit.kinesis_server.fan_out.consumers import consumer_of
from devkit.kinesis_server.state.account import Account
from devkit.kinesis_server.state.shard import Shard, StoredRecord
from devkit.kinesis_server.state.stream import Stream

EVENT: Final = "SubscribeToShardEvent"
EVENT_BYTES_MAX: Final = 1 << 20
INITIAL: Final = frames.event("initial-response", {})


def subscribe_to_shard(account: Account, request: SubscribeToShard) -> HttpReply:
    """Begin a subscription; one that is older gives way.

    Raises:
        KinesisError: there is no such consumer, shard or place, or it is not to be had now.
    """
    consumer, now = consumer_of(account, {"ConsumerARN": request["ConsumerARN"]}), account.clock()
    stream = account.stream(consumer.stream_arn.rpartition("/")[2])
    shard, starting = stream.shard(request["ShardId"]), request["StartingPosition"]
    options = account.options
    seat = consumer.seat(shard.shard_id, now, taken_over_after_s=options.taken_over_after_s)
    number, instant = starting.get("SequenceNumber"), starting.get("Timestamp")
    place = place_of(account, stream, shard, starting["Type"], number=number, instant=instant)
    if seat.subscription is not None:
        seat.subscription.give_way()
    subscription = Subscription(account, stream, shard, consumer, seat, place, began=now, told_at=now)
    seat.subscribed_at, seat.subscription = now, subscription
    return HttpReply(subscription=subscription)


@dataclass(slots=True)
class Subscription:
    """A subscription that is under way. `over` says that no further event comes."""

    account: Account
    stream: Stream
    shard: Shard
    consumer: Consumer
    seat: Seat
    place: int
    began: float
    told_at: float  # when the last event was given
    over: bool = False
    events: int = 0
    _given_way: bool = field(default=False)

    @property
    def push_s(self) -> float:
        """The pause between two looks for an event, in seconds."""
        return self.account.options.push_s

    def give_way(self) -> None:
        """Another subscription has taken this one's place."""
        self._given_way = True

    def next(self) -> bytes | None:
        """The next event that is due, if any: records, news of the tip after a while without, or why it ends."""
        now, options = self.account.clock(), self.account.options
        if (reason := self._ended_by()) is not None:
            self.over = True
            return frames.exception(*reason)
        if now - self.began >= options.subscription_life_s or self.began <= self.account.subscriptions_expired_at:
            self.over = True
            return None
        records = self._records(now)
        ended = self.shard.closed_ms is not None and self.place >= self.shard.end
        if not (records or ended or now - self.told_at >= options.heartbeat_s or not self.events):
            return None
        self.told_at, self.over = now, ended
        self.events += 1
        return frames.event(EVENT, self._document(records, now, ended=ended))

    def _ended_by(self) -> tuple[str, str] | None:
        if self._given_way:
            return "ResourceInUseException", "Another subscription has taken over this one."
        if not self.consumer.registered or self.account.streams.get(self.stream.name) is not self.stream:
            return "ResourceNotFoundException", f"Consumer {self.consumer.arn} under account {ACCOUNT_ID} not found."
        return None

    def _records(self, now: float) -> list[StoredRecord]:
        """The next records, as far as the consumer's bytes for this shard go."""
        scale = self.account.stream_limits.read_scale(self.shard.shard_id)
        self.place = max(self.place, self.shard.horizon)
        if scale is not None and not self.seat.bytes_out.admits(1, now, scale):
            return []
        records = self.shard.read(self.place, LIST_MAX, EVENT_BYTES_MAX)
        self.place += len(records)
        if scale is not None:
            self.seat.bytes_out.take(sum(record.size for record in records))
        return records

    def _document(self, records: list[StoredRecord], now: float, *, ended: bool) -> dict[str, object]:
        left_out = self.account.faults.left_out
        document: dict[str, object] = {
            "Records": [record_document(record, left_out) for record in records],
            "MillisBehindLatest": behind_ms(self.shard, self.place, records, int(now * 1000)),
        }
        if ended:
            document["ChildShards"] = [child_document(child) for child in self.stream.children(self.shard)]
        else:
            document["ContinuationSequenceNumber"] = self.shard.number_before(self.place)
        return document
