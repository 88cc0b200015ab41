"""Compares a file with the index and the lake, and two generations of the index with each other."""
