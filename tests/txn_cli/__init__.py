"""Tests of `txn_cli`."""
