"""Tests of `operations.ledgers`."""
