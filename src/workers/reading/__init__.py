"""Reading one shard of the stream."""
