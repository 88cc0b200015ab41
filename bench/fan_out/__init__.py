"""Three drains on a shard that takes in 0.9 MB/s: by polling, and by enhanced fan-out."""
