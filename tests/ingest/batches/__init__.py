"""Tests of `ingest.batches`."""
