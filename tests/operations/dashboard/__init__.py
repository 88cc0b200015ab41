"""Tests of `operations.dashboard`."""
