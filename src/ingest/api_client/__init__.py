"""The service as its clients see it: calls, replies, and trying again."""
