"""Enhanced fan-out: registered consumers, and shards that are pushed to them over SubscribeToShard."""
