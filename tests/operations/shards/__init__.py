"""Tests of `operations.shards`."""
