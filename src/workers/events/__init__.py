"""Decodes records of the stream into events, and keeps as dead letters those that are no events."""
