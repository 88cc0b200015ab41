"""What an operation came to: the document for the client, and the records it acknowledges once it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devkit.kinesis_server.state.shard import Shard, StoredRecord

if TYPE_CHECKING:
    from devkit.kinesis_server.fan_out.subscription import Subscription


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An operation's answer."""

    document: Mapping[str, object] | None = None  # operations without a result answer an empty body
    stored: Sequence[tuple[Shard, StoredRecord]] = ()
    subscription: "Subscription | None" = None  # whose events are the answer

    def acknowledge(self) -> None:
        """Remember that the answer was sent to a client that was there."""
        for shard, record in self.stored:
            shard.acknowledge(record)
