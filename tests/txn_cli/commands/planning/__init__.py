"""Tests of `txn_cli.commands.planning`."""
