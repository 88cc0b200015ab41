"""Giving leases up that belong to a stream which is no more."""
