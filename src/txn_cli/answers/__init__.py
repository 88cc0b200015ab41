"""What the warehouse answers, shown on a terminal or written to a file."""
