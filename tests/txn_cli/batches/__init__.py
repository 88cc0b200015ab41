"""Tests of `txn_cli.batches`."""
