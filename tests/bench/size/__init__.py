"""Tests of `bench.size`."""
