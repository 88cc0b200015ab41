"""Measures of the insight service: its pictures in a browser, and the posts beside its queries."""
