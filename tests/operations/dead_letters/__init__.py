"""Tests of `operations.dead_letters`."""
