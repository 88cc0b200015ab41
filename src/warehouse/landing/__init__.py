"""Landings: where the rows of the curated table come into an engine, each commit exactly once."""
