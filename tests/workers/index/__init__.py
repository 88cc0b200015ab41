"""Tests of `workers.index.index_processor`."""
