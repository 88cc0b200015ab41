"""Tests of `txn_server`."""
