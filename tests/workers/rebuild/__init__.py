"""Tests of `workers.rebuild.rebuild`."""
