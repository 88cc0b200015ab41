"""Measures of the drains: archive and index against their limits, and the whole of a local stack under load."""
