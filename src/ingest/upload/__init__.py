"""Rows on their way to the service: in chunks, singly or in bulk, until each one is settled."""
