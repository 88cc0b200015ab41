"""Tests of `txn_cli.stack`."""
