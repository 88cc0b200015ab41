"""Tests of `workers.reading`."""
