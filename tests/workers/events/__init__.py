"""Tests of `workers.events`."""
