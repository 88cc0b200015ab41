"""Tests of `workers.hosts`."""
