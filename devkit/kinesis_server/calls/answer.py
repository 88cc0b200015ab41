"""What an operation came to: the document for the client, and the records it acknowledges once it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from devkit.kinesis_server.state.shard import Shard, StoredRecord


class PushedEvents(Protocol):
    """The events of an answer that goes on for as long as its subscription. `over` says that no further one comes."""

    over: bool

    @property
    def push_s(self) -> float:
        """The pause between two looks for an event, in seconds."""

    def next(self) -> bytes | None:
        """The next event that is due, if any."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An operation's answer."""

    document: Mapping[str, object] | None = None  # operations without a result answer an empty body
    stored: Sequence[tuple[Shard, StoredRecord]] = ()
    subscription: PushedEvents | None = None  # whose events are the answer

    def acknowledge(self) -> None:
        """Remember that the answer was sent to a client that was there."""
        for shard, record in self.stored:
            shard.acknowledge(record)
