"""Rebuilds the index from the lake and the stream."""
