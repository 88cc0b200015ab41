"""Whether a stream has the shards that its load needs."""
