"""Leases on shards, their tables, and what moves with a checkpoint."""
