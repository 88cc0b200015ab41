"""Tests of `workers.archive.processor`."""
