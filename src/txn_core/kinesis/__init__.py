"""The building blocks of reading and writing the stream: aggregation, the producer, shards."""
