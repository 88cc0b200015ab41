"""Tests of what the measures of the drains stand on."""
