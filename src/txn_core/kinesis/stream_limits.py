"""What Kinesis takes in one record and in one PutRecords call (AWS: PutRecords, quotas and limits)."""

from dataclasses import dataclass
from typing import Final, Literal

REQUEST_RECORDS_MAX: Final = 500
PAYLOAD_UNIT_BYTES: Final = 25 << 10  # what a provisioned stream bills by (Kinesis pricing: PUT payload unit)
PARTITION_KEY_CHARACTERS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that a stream may have set otherwise; partition keys count in both."""

    record_bytes_max: int = 1 << 20
    request_bytes_max: int = 5 << 20

    def refusal(self, partition_key: str, size: int) -> str | None:
        """Why a record of this size, key included, would spoil the request that carries it; none when it is fine."""
        if size > self.record_bytes_max:
            return "RecordTooLarge"
        return None if 0 < len(partition_key) <= PARTITION_KEY_CHARACTERS_MAX else "PartitionKeyInvalid"


ReadLimit = Literal["bytes", "throttled"]
"""What holds up a reader that polls: its share of the shard's bytes is used up, or Kinesis refuses its reads."""

READS_LIMITED: Final = "reads_limited"
"""The metric behind the prefix of the drain: 1 while a limit holds a shard's reads up, by shard and limit."""
