"""Tests of what the measures of look-ups stand on."""
