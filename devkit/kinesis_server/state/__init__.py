"""What the server keeps: accounts, streams, shards, sequence numbers, tokens."""
