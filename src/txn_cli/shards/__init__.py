"""A proposal to change the number of shards, for people and for machines."""
