"""Tests of `operations.http`."""
