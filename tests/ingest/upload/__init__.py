"""Tests of `ingest.upload`."""
