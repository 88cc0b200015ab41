"""Tests of `txn_cli.demo`."""
