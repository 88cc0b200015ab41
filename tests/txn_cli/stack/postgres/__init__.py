"""Tests of the stack's PostgreSQL."""
