"""Tests of `txn_server.processes`."""
