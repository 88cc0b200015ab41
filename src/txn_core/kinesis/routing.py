"""Which lane a record waits in, and how the records of a lane travel.

ByKey     a lane a partition key, each record by itself: for streams whose distribution is not known
ByShard   a lane a shard, everything that waits for it packed into one Kinesis record (KPL aggregation)
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from txn_core.aws.types import PutRecordsRequestEntryTypeDef
from txn_core.kinesis.aggregation import Keyed, aggregate
from txn_core.kinesis.shard_map import OpenShard, ShardMap

# What aggregation adds at most: to a record tags, lengths and indexes, as long as nothing is over 256 MiB ...
RECORD_OVERHEAD_BYTES: Final = 24
# ... and to the whole, besides a second partition key, magic, digest and the hash key, inside and outside.
AGGREGATE_OVERHEAD_BYTES: Final = 128


class ByKey:
    """Every record by itself, in a lane of its partition key. `shards` are those that are lanes, by name."""

    shards: Mapping[str, OpenShard] = MappingProxyType({})

    def lane_of(self, key: str) -> str:
        """The lane in which a record of this partition key waits: the key itself."""
        return key

    def overhead_bytes(self, key_bytes: int) -> int:  # noqa: ARG002 - the signature of `ByShard`
        """What a parcel takes at most besides its records, the first having a key of so many bytes: nothing."""
        return 0

    def cost(self, record_bytes: int) -> int:
        """What a record of this size, key included, takes in a parcel at most: as much."""
        return record_bytes

    def entry(self, lane: str, records: Sequence[Keyed]) -> PutRecordsRequestEntryTypeDef:
        """The Kinesis record in which records of a lane travel: the one record, plain."""
        return {"Data": records[0].data, "PartitionKey": lane}


class ByShard:
    """The records for a shard packed together; one alone travels plain."""

    def __init__(self, shard_map: ShardMap) -> None:
        self.shard_map = shard_map
        self.shards: Mapping[str, OpenShard] = {shard.shard_id: shard for shard in shard_map.shards}

    def lane_of(self, key: str) -> str:
        """The shard that owns the key's hash."""
        return self.shard_map.shard_of(key).shard_id

    def overhead_bytes(self, key_bytes: int) -> int:
        """The frame of an aggregate, and the partition key that it is sent under."""
        return AGGREGATE_OVERHEAD_BYTES + key_bytes

    def cost(self, record_bytes: int) -> int:
        """The record and what aggregation adds to it."""
        return record_bytes + RECORD_OVERHEAD_BYTES

    def entry(self, lane: str, records: Sequence[Keyed]) -> PutRecordsRequestEntryTypeDef:
        """A plain record, or an aggregate under the shard's hash key, which every sub-record carries too."""
        first = records[0]
        if len(records) == 1:
            return {"Data": first.data, "PartitionKey": first.partition_key}
        hash_key = self.shards[lane].explicit_hash_key
        return {
            "Data": aggregate(records, hash_key),
            "PartitionKey": first.partition_key,
            "ExplicitHashKey": hash_key,
        }


Routing = ByKey | ByShard
"""What decides the lanes."""
