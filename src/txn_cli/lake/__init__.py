"""What an operator asks of the lake: which hours are complete, and which are in the curated table."""
