"""Tests of the arithmetic of the drains' measures."""
