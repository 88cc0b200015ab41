"""Tests of files as they come."""
