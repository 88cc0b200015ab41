"""Lint rules of our own, run by `make check`."""
