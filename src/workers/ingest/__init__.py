"""The worker that takes in the files that clients put into their bucket. It reads no stream and holds no lease."""
