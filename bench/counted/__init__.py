"""Measures that count instead of timing: the same figures in every run, however busy the machine is."""
