"""What stands before the API, and what it may log."""
