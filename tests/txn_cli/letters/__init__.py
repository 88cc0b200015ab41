"""Tests of `txn_cli.letters`."""
