"""Tests of `txn_cli.simulator`."""
