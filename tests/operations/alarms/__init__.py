"""Tests of `operations.alarms`."""
