"""Tests of `operations.drains`."""
