"""Tests of the measures of the scorer."""
