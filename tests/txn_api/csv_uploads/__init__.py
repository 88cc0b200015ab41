"""Uploads of tables."""
