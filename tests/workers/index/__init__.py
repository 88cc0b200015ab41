"""Tests of `workers.index.processor`."""
