"""Measurements: each prints ratios of one run, side by side; docs/benchmarks.md has the commands."""
