"""Tests of `txn_cli.load`."""
