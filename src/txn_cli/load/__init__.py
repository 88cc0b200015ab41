"""Sends rows of a file, or of any other source, through the API: singly or in bulk, and resumable."""
