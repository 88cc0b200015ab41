"""What may hold up a reader that polls, told by a worker as a metric and by `txn status` as a reason."""

from typing import Final, Literal

ReadLimit = Literal["bytes", "throttled"]
"""The reader's share of the shard's bytes is used up, or Kinesis refuses its reads."""

READS_LIMITED: Final = "reads_limited"
"""The metric behind the prefix of the drain: 1 while a limit holds a shard's reads up, by shard and limit."""
