"""Flushes that are decided on a lease as a range and become one object: what the archive and the scorer share."""
