"""Reconciliation: what a file says against what the index and the lake hold."""
