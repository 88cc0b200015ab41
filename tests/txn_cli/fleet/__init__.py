"""Tests of `txn_cli.fleet`."""
