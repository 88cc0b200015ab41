"""Tests of `devkit.alarms`."""
