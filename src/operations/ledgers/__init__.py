"""Ledgers of drains, compared with each other."""
