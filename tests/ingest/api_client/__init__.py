"""Tests of `ingest.api_client`."""
