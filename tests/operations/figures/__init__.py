"""Tests of `operations.figures`."""
