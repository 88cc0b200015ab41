"""Tests of `txn_cli.status`."""
