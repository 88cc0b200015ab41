"""Tests of `txn_cli.verify`."""
