"""Tests of `workers.ingest`."""
