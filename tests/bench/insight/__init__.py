"""Tests of what the measures of the insight service stand on."""
