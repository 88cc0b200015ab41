"""Measures the scorer: what a score costs, what it writes, and how soon an alert can be read."""
