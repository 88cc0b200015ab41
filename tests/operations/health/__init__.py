"""Tests of `operations.health`."""
