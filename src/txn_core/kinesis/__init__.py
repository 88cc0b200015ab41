"""Kinesis: the producer with its lanes, aggregation and shard map, and the records that are read of a stream."""
