"""Tests of `operations.cost`."""
